import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {setThreads} from '../../../src/engines/simd/register';
import {deltaRule} from '../../../src/kernels/delta-rule';
import {Random} from '../../../src/random';
import {expectSame, onBoth, randomTensor, resultsOf} from './backends';

interface Case {
  batch: number;
  time: number;
  heads: number;
  keySize: number;
  valueSize: number;
  isFixed: boolean;
  withState: boolean;
  seed: number;
}

/** Both outputs and the gradients of their sum times random numbers. */
function withGradients(given: Case): tf.Tensor[] {
  const {batch, time, heads, keySize, valueSize, isFixed, withState, seed} = given;
  const random = new Random(seed, 'recurrence');
  const draw = (...shape: number[]) => randomTensor(shape, random);
  const keyShape = [batch, time, heads, keySize];
  const [q, k, v] = [draw(...keyShape), draw(...keyShape), draw(batch, time, heads, valueSize)];
  const decay = (isFixed ? draw(heads, keySize) : draw(...keyShape)).abs().neg();
  const [lookups, corrections] = [draw(...keyShape), draw(...keyShape)].map((x) => x.div(1.5 * Math.sqrt(keySize)));
  const state = draw(batch, heads, keySize, valueSize);
  const probes = [draw(batch, time, heads, valueSize), draw(batch, heads, keySize, valueSize)];
  const inputs = [q, k, v, decay, lookups, corrections, ...(withState ? [state] : [])];
  const run = (...[q, k, v, decay, lookups, corrections, before]: tf.Tensor[]) => {
    const {output, state} = deltaRule(q, k, v, {lookups, corrections, decay, state: before});
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

describe('deltaRule on the simd engine', () => {
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
          withState: fc.boolean(),
          seed: fc.nat(),
        }),
        async (given) => expectSame(await onBoth(() => withGradients(given)), 1e-4),
      ),
      {numRuns: 25},
    ));

  it('gives the same bits for any number of threads', async () => {
    await tf.setBackend('simd');
    const flags = {isFixed: false, withState: true};
    const large = () => withGradients({batch: 2, time: 70, heads: 3, keySize: 64, valueSize: 70, ...flags, seed: 1});
    await setThreads(1);
    const alone = resultsOf(large);
    await setThreads(3);
    expect(resultsOf(large)).toEqual(alone);
  });

  it('cuts a sequence into shorter chunks where keys are long', async () => {
    const flags = {isFixed: true, withState: false};
    const long = () => withGradients({batch: 1, time: 9, heads: 1, keySize: 700, valueSize: 3, ...flags, seed: 1});
    expectSame(await onBoth(long), 1e-4);
  });

  it('stays exact over 16,384 positions that overwrite each other', async () => {
    await tf.setBackend('simd');
    tf.tidy(() => {
      const time = 16_384;
      // Keys of length one that turn slowly, written with the plain delta rule: the state is read as what was last written.
      const angles = tf.range(0, time).mul(1e-3);
      const keys = tf.stack([angles.cos(), angles.sin()], 1).reshape([1, time, 1, 2]);
      const values = tf.range(0, time).mod(7).reshape([1, time, 1, 1]);
      const run = (v: tf.Tensor) => deltaRule(keys, keys, v, {lookups: keys, corrections: keys.neg()}).output;
      expect(run(values).sub(values).abs().max().dataSync()[0]).toBeLessThan(1e-3);
      const [gradient] = tf.grads((v) => run(v).sum())([values]);
      expect(gradient.sub(1).abs().max().dataSync()[0]).toBeLessThan(1e-3);
    });
  });
});
