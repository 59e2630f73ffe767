import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {setThreads} from '../../../src/engines/simd/register';
import {Random} from '../../../src/random';
import {expectSame, onBoth, randomTensor, resultsOf} from './backends';

const cases = fc.record({
  rows: fc.array(fc.integer({min: 1, max: 4}), {maxLength: 2}),
  length: fc.integer({min: 2, max: 90}),
  seed: fc.nat(),
});

type Parameters = typeof cases extends fc.Arbitrary<infer T> ? T : never;

const check = (compute: (c: Parameters, random: Random) => tf.Tensor | tf.Tensor[]) =>
  fc.assert(
    fc.asyncProperty(cases, async (c) => expectSame(await onBoth(() => compute(c, new Random(c.seed, 'choice'))), 0)),
    {numRuns: 40},
  );

describe('choices on the simd engine', () => {
  beforeAll(() => setThreads(2));

  afterAll(async () => {
    await setThreads(1);
    await tf.setBackend('cpu');
  });

  it('topk of floats and of whole numbers, equal ones by their index', () =>
    check(({rows, length, seed}, random) => {
      const k = 1 + (seed % length);
      const results = (['float32', 'int32'] as const).map((dtype) => {
        const {values, indices} = tf.topk(randomTensor([...rows, length], random, dtype), k);
        return [values, indices];
      });
      return results.flat();
    }));

  it('topk puts infinities where they belong, takes 0 and -0 as equal, and NaN as the largest', async () => {
    await tf.setBackend('simd');
    const {values, indices} = tf.topk([1, Number.NEGATIVE_INFINITY, -0, Number.NaN, 0, Number.POSITIVE_INFINITY], 6);
    expect([...indices.dataSync()]).toEqual([3, 5, 0, 2, 4, 1]);
    expect([...values.dataSync()]).toEqual([
      ...[Number.NaN, Number.POSITIVE_INFINITY, 1],
      ...[-0, 0, Number.NEGATIVE_INFINITY],
    ]);
    tf.dispose([values, indices]);
  });

  it('oneHot, with numbers out of range, of any dtype', () =>
    check(({length}, random) => {
      const numbers = randomTensor([3, length], random, 'int32');
      return (['float32', 'int32', 'bool'] as const).map((dtype) => tf.oneHot(numbers, 5, 1, 0, dtype));
    }));

  it('multinomial draws what the cpu backend draws with the same seed', () =>
    check(({rows, length, seed}, random) => {
      const batch = tf.util.sizeFromShape(rows);
      // Probabilities that float32 adds up exactly: the backends' softmax may differ in the last bit.
      const weights = Float32Array.from({length: batch * length}, () => random.below(1024) / 1024 / length);
      const probabilities = tf.tensor2d(weights, [batch, length]);
      return tf.multinomial(probabilities, 50, 1 + (seed % 1000), true);
    }));

  it('multinomial from logits follows their softmax, and is the same again for the same seed', async () => {
    await tf.setBackend('simd');
    const draw = () => tf.multinomial(tf.tensor1d([0, Math.log(3)]), 4000, 12);
    const [{values}] = resultsOf(draw);
    expect(resultsOf(draw)[0].values).toEqual(values);
    const share = values.reduce((sum, x) => sum + x, 0) / values.length;
    expect(share).toBeGreaterThan(0.7);
    expect(share).toBeLessThan(0.8);
  });

  it('multinomial takes the last event where probabilities are not numbers', async () => {
    const compute = () =>
      tf.multinomial(tf.tensor2d([[0.25, Number.NaN, 0.25, 0.25]], [1, 4]), 30, 3, true) as tf.Tensor;
    expectSame(await onBoth(compute), 0);
  });
});
