import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {setThreads} from '../../../src/engines/simd/register';
import {embeddingLookup} from '../../../src/kernels/embedding-lookup';
import {Random} from '../../../src/random';
import {expectSame, onBoth, randomTensor, resultsOf} from './backends';

/** Updates [count, ...width] of rows 0 .. rows-1, of which many are met twice. */
const cases = fc.record({
  rows: fc.integer({min: 1, max: 9}),
  count: fc.integer({min: 1, max: 40}),
  width: fc.array(fc.integer({min: 1, max: 9}), {maxLength: 3}),
  seed: fc.nat(),
});

type Parameters = typeof cases extends fc.Arbitrary<infer T> ? T : never;

const check = (compute: (c: Parameters, random: Random) => tf.Tensor | tf.Tensor[], tolerance = 1e-6) =>
  fc.assert(
    fc.asyncProperty(cases, async (c) =>
      expectSame(await onBoth(() => compute(c, new Random(c.seed, 'scatter'))), tolerance),
    ),
    {numRuns: 40},
  );

const rowNumbers = (count: number, draw: () => number) => tf.tensor1d(Int32Array.from({length: count}, draw), 'int32');

describe('rows written by number on the simd engine', () => {
  beforeAll(() => setThreads(2));

  afterAll(async () => {
    await setThreads(1);
    await tf.setBackend('cpu');
  });

  it('scatterND adds up what meets, floats and whole numbers', () =>
    check(({rows, count, width}, random) => {
      const at = rowNumbers(count, () => random.below(rows)).expandDims(1) as tf.Tensor2D;
      const shape = [rows, ...width] as [number];
      const floats = tf.scatterND(at, randomTensor([count, ...width], random), shape);
      return [floats, tf.scatterND(at, randomTensor([count, ...width], random, 'int32'), shape)];
    }));

  it('scatterND writes single values by several indices', () =>
    check(({rows, count}, random) => {
      const at = tf.stack([rowNumbers(count, () => random.below(rows)), rowNumbers(count, () => random.below(5))], 1);
      return tf.scatterND(at as tf.Tensor2D, randomTensor([count], random), [rows, 5] as unknown as [number]);
    }));

  it('unsortedSegmentSum leaves out numbers that are out of range', () =>
    check(({rows, count, width}, random) => {
      const ids = rowNumbers(count, () => random.below(rows + 3) - 1);
      return tf.unsortedSegmentSum(randomTensor([count, ...width], random), ids, rows);
    }));

  it('embeddingLookup and its gradient', () =>
    check(({rows, count, width}, random) => {
      const table = randomTensor([rows, tf.util.sizeFromShape(width)], random);
      const tokens = rowNumbers(count, () => random.below(rows));
      const probe = randomTensor([count, table.shape[1] as number], random);
      const gradient = tf.grad((x) => embeddingLookup(x, tokens).mul(probe).sum())(table);
      return [embeddingLookup(table, tokens), gradient];
    }));

  it('the gradient of gather along any axis', () =>
    check(({rows, count, width}, random) => {
      const shape = random.shuffle([rows, ...width]);
      const axis = shape.indexOf(rows);
      const ids = rowNumbers(count, () => random.below(rows));
      const x = randomTensor(shape, random);
      const probe = randomTensor(tf.gather(x, ids, axis).shape, random);
      return tf.grad((y) => tf.gather(y, ids, axis).mul(probe).sum())(x);
    }));

  it('sums have the same bits for any number of threads', async () => {
    await tf.setBackend('simd');
    const sums = () => {
      const random = new Random(2, 'threads');
      const ids = rowNumbers(3000, () => random.below(10));
      return tf.unsortedSegmentSum(randomTensor([3000, 70], random), ids, 10);
    };
    await setThreads(1);
    const alone = resultsOf(sums);
    await setThreads(3);
    expect(resultsOf(sums)).toEqual(alone);
  });

  it('refuses tokens that the table does not have', async () => {
    await tf.setBackend('simd');
    tf.tidy(() => {
      expect(() => embeddingLookup(tf.ones([3, 2]), tf.tensor1d([0, 3], 'int32'))).toThrow(
        'embeddingLookup: the token 3 is not in [0, 2]',
      );
    });
  });
});
