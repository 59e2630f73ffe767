import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {setThreads} from '../../../src/engines/simd/register';
import {linearRecurrence} from '../../../src/kernels/linear-recurrence';
import {Random} from '../../../src/random';
import {expectSame, onBoth, randomTensor, resultsOf} from './backends';

interface Case {
  batch: number;
  time: number;
  heads: number;
  keySize: number;
  valueSize: number;
  isFixed: boolean;
  withBonus: boolean;
  withState: boolean;
  seed: number;
}

/** Both outputs and the gradients of their sum times random numbers. */
function withGradients(given: Case): tf.Tensor[] {
  const {batch, time, heads, keySize, valueSize, isFixed, withBonus, withState, seed} = given;
  const random = new Random(seed, 'recurrence');
  const draw = (...shape: number[]) => randomTensor(shape, random);
  const keyShape = [batch, time, heads, keySize];
  const [q, k, v] = [draw(...keyShape), draw(...keyShape), draw(batch, time, heads, valueSize)];
  const decay = (isFixed ? draw(heads, keySize) : draw(...keyShape)).abs().neg();
  const bonus = draw(heads, keySize);
  const state = draw(batch, heads, keySize, valueSize);
  const probes = [draw(batch, time, heads, valueSize), draw(batch, heads, keySize, valueSize)];
  const inputs = [q, k, v, decay, ...(withBonus ? [bonus] : []), ...(withState ? [state] : [])];
  const run = (...[q, k, v, decay, ...rest]: tf.Tensor[]) => {
    const {output, state} = linearRecurrence(q, k, v, {
      decay,
      ...(withBonus && {bonus: rest[0]}),
      ...(withState && {state: rest[rest.length - 1]}),
    });
    return [output, state];
  };
  const loss = (...tensors: tf.Tensor[]) => {
    const [output, last] = run(...tensors);
    return output.mul(probes[0]).sum().add(last.mul(probes[1]).sum()) as tf.Scalar;
  };
  return [...run(...inputs), ...tf.grads(loss)(inputs)];
}

beforeAll(() => setThreads(2));

afterAll(async () => {
  await setThreads(1);
  await tf.setBackend('cpu');
});

describe('linearRecurrence on the simd engine', () => {
  it('gives what the reference gives, with gradients', () =>
    fc.assert(
      fc.asyncProperty(
        fc.record<Case>({
          batch: fc.integer({min: 1, max: 2}),
          time: fc.integer({min: 1, max: 40}),
          heads: fc.integer({min: 1, max: 2}),
          keySize: fc.integer({min: 1, max: 9}),
          valueSize: fc.integer({min: 1, max: 37}),
          isFixed: fc.boolean(),
          withBonus: fc.boolean(),
          withState: fc.boolean(),
          seed: fc.nat(),
        }),
        async (given) => expectSame(await onBoth(() => withGradients(given)), 1e-4),
      ),
      {numRuns: 25},
    ));

  it('gives the same bits for any number of threads', async () => {
    await tf.setBackend('simd');
    const flags = {isFixed: false, withBonus: true, withState: true};
    const large = () => withGradients({batch: 2, time: 90, heads: 3, keySize: 64, valueSize: 70, ...flags, seed: 1});
    await setThreads(1);
    const alone = resultsOf(large);
    await setThreads(3);
    expect(resultsOf(large)).toEqual(alone);
  });

  it('cuts a sequence into shorter chunks where keys are long', async () => {
    const flags = {isFixed: true, withBonus: false, withState: false};
    const long = () => withGradients({batch: 1, time: 9, heads: 1, keySize: 700, valueSize: 3, ...flags, seed: 1});
    expectSame(await onBoth(long), 1e-4);
    const tooLong = () =>
      tf.tidy(() => linearRecurrence(tf.zeros([1, 1, 1, 1537]), tf.zeros([1, 1, 1, 1537]), tf.zeros([1, 1, 1, 1])));
    expect(tooLong).toThrow("simd: a recurrence's keys may have 1536 features at most, not 1537; use more heads");
  });

  it('stays exact over 16,384 positions, with decays that forget all or nothing', async () => {
    await tf.setBackend('simd');
    tf.tidy(() => {
      const time = 16_384;
      const ones = tf.ones([1, time, 1, 2]);
      const decay = tf.tensor2d([[0, -1e30]]);
      const run = (v: tf.Tensor, w: tf.Tensor) => linearRecurrence(ones, ones, v, {decay: w}).output;
      const output = run(ones, decay).slice([0, time - 1, 0, 0], [1, 1, 1, 1]);
      // All positions by the feature that forgets nothing, and the last by the other.
      expect(output.dataSync()[0]).toBe(time + 1);
      const [dv, dDecay] = tf.grads((v, w) => run(v, w).sum())([tf.onesLike(ones), decay]);
      expect([...dv.slice([0, 0, 0, 0], [1, 1, 1, 1]).dataSync()]).toEqual([time + 1]);
      const [forgetsNothing, forgetsAll] = dDecay.dataSync();
      // Each pair of positions counts once for every step between them, in both columns.
      const steps = (time * time * (time - 1)) / 2 - ((time - 1) * time * (2 * time - 1)) / 6;
      expect(forgetsNothing / (2 * steps)).toBeCloseTo(1, 3);
      expect(forgetsAll).toBe(0);
    });
  });
});
