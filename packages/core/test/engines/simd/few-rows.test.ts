import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {setThreads} from '../../../src/engines/simd/register';
import {Random} from '../../../src/random';
import {expectSame, onBoth, randomTensor, resultsOf} from './backends';

/** Sizes on both sides of where blocks of columns and parts of K begin. */
const size = fc.oneof(fc.integer({min: 1, max: 40}), fc.constantFrom(255, 256, 257, 1000));

const cases = fc.record({
  rows: fc.integer({min: 1, max: 9}),
  inner: size,
  columns: size,
  batch: fc.integer({min: 0, max: 3}),
  isShared: fc.boolean(),
  transposed: fc.boolean(),
  seed: fc.nat(),
});

describe('products of few rows', () => {
  beforeAll(() => setThreads(2));

  afterAll(async () => {
    await setThreads(1);
    await tf.setBackend('cpu');
  });

  it('are what the cpu backend gives', () =>
    fc.assert(
      fc.asyncProperty(cases, async ({rows, inner, columns, batch, isShared, transposed, seed}) => {
        const product = () => {
          const random = new Random(seed, 'few rows');
          const lead = batch > 0 ? [batch] : [];
          const a = randomTensor([...lead, rows, inner], random);
          const matrix = transposed ? [columns, inner] : [inner, columns];
          const b = randomTensor(batch > 0 && !isShared ? [batch, ...matrix] : matrix, random);
          return tf.matMul(a, b, false, transposed);
        };
        expectSame(await onBoth(product), 1e-5);
      }),
      {numRuns: 60},
    ));

  it.each([
    [1, 300, 700, false],
    [3, 300, 700, true],
    [1, 20, 40_000, false],
    [8, 5000, 33, false],
    [1, 288, 20_000, true],
  ])('give the same bits for any number of threads, %s x %s x %s', async (rows, inner, columns, transposed) => {
    await tf.setBackend('simd');
    const product = () => {
      const random = new Random(1, 'few rows');
      const a = randomTensor([rows, inner], random);
      const b = randomTensor(transposed ? [columns, inner] : [inner, columns], random);
      const bias = randomTensor([columns], random);
      return tf.fused.matMul({a: a as tf.Tensor2D, b: b as tf.Tensor2D, bias, transposeB: transposed});
    };
    const results = [];
    for (const threads of [1, 2, 3]) {
      await setThreads(threads);
      results.push(resultsOf(product)[0].values);
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });
});
