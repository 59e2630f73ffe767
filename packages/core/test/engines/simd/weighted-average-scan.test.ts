import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {setThreads} from '../../../src/engines/simd/register';
import {weightedAverageScan} from '../../../src/kernels/weighted-average-scan';
import {Random} from '../../../src/random';
import {expectSame, onBoth, randomTensor, resultsOf} from './backends';

interface Case {
  batch: number;
  time: number;
  channels: number;
  withState: boolean;
  seed: number;
}

/** All outputs and the gradients of their sum times random numbers. */
function scanWithGradients({batch, time, channels, withState, seed}: Case): tf.Tensor[] {
  const random = new Random(seed, 'scan');
  const draw = (shape: number[]) => randomTensor(shape, random);
  const sequence = [batch, time, channels];
  const inputs = [draw(sequence).mul(20), draw(sequence), draw([channels]).abs().neg(), draw([channels])];
  const state = withState ? [draw([batch, channels]), draw([batch, channels]).abs(), draw([batch, channels])] : [];
  const scan = (...[keys, values, decay, bonus, numerator, denominator, maximum]: tf.Tensor[]) => {
    const before = withState ? {numerator, denominator, maximum} : null;
    const {output, state: after} = weightedAverageScan(keys, values, {decay, bonus, state: before});
    return [output, after.numerator, after.denominator, after.maximum];
  };
  const probes = [draw(sequence), ...[0, 1, 2].map(() => draw([batch, channels]))];
  const loss = (...tensors: tf.Tensor[]) =>
    tf.addN(scan(...tensors).map((output, i) => output.mul(probes[i]).sum())) as tf.Scalar;
  return [...scan(...inputs, ...state), ...tf.grads(loss)([...inputs, ...state])];
}

beforeAll(() => setThreads(2));

afterAll(async () => {
  await setThreads(1);
  await tf.setBackend('cpu');
});

describe('weightedAverageScan on the simd engine', () => {
  it('gives what the reference gives, with gradients', () =>
    fc.assert(
      fc.asyncProperty(
        fc.record<Case>({
          batch: fc.integer({min: 1, max: 3}),
          time: fc.integer({min: 1, max: 20}),
          channels: fc.integer({min: 1, max: 37}),
          withState: fc.boolean(),
          seed: fc.nat(),
        }),
        async (given) => {
          for (const [i, value] of (await onBoth(() => scanWithGradients(given))).expected.entries())
            expect(value.values.every(Number.isFinite), `result ${i}`).toBe(true);
          expectSame(await onBoth(() => scanWithGradients(given)), 1e-4);
        },
      ),
      {numRuns: 30},
    ));

  it('gives the same bits for any number of threads', async () => {
    await tf.setBackend('simd');
    const large = () => scanWithGradients({batch: 3, time: 200, channels: 83, withState: true, seed: 1});
    await setThreads(1);
    const alone = resultsOf(large);
    await setThreads(3);
    expect(resultsOf(large)).toEqual(alone);
  });

  it('stays exact over 16,384 positions, with decays that forget all or nothing', async () => {
    await tf.setBackend('simd');
    tf.tidy(() => {
      const time = 16_384;
      const ramp = tf.range(0, time).div(time);
      const [keys, values] = [tf.zeros([1, time, 3]), ramp.reshape([1, time, 1]).tile([1, 1, 3])];
      const decay = tf.tensor1d([0, -1e-4, -1e30]);
      const scan = (v: tf.Tensor, w: tf.Tensor) =>
        weightedAverageScan(keys, v, {decay: w, bonus: tf.zeros([3])}).output;
      const last = scan(values, decay)
        .slice([0, time - 1, 0], [1, 1, 3])
        .dataSync();
      const weights = Array.from({length: time - 1}, (_, i) => Math.exp(-1e-4 * (time - 2 - i)));
      const total = weights.reduce((sum, weight) => sum + weight, 1);
      const forgetting = weights.reduce((sum, weight, i) => sum + (weight * i) / time, (time - 1) / time) / total;
      for (const [i, expected] of [(time - 1) / 2 / time, forgetting, (2 * time - 3) / 2 / time].entries())
        expect(last[i]).toBeCloseTo(expected, 4);
      const gradients = tf.grads((v, w) => scan(v, w).sum())([values, decay]);
      for (const gradient of gradients) expect(gradient.isFinite().all().dataSync()[0]).toBe(1);
      // Each output is an average, so that the gradients of all values together are one for each position.
      const sums = gradients[0].sum(1).dataSync();
      for (const sum of sums) expect(sum / time).toBeCloseTo(1, 4);
    });
  });
});
