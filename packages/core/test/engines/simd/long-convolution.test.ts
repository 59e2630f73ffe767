import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {setThreads} from '../../../src/engines/simd/register';
import {longConvolution} from '../../../src/kernels/long-convolution';
import {Random} from '../../../src/random';
import {expectSame, onBoth, randomTensor, resultsOf} from './backends';

interface Case {
  batch: number;
  time: number;
  channels: number;
  taps: number;
  futureTaps: number;
  mode: 'causal' | 'circular';
  withSkip: boolean;
  withGate: boolean;
  seed: number;
}

const cases = fc
  .record<Case>({
    batch: fc.integer({min: 1, max: 2}),
    time: fc.oneof({weight: 4, arbitrary: fc.integer({min: 1, max: 40})}, fc.constantFrom(128, 190, 260)),
    channels: fc.integer({min: 1, max: 6}),
    taps: fc.oneof(fc.integer({min: 1, max: 40}), fc.integer({min: 80, max: 300})),
    futureTaps: fc.oneof(fc.constant(0), fc.integer({min: 1, max: 40}), fc.integer({min: 80, max: 300})),
    mode: fc.constantFrom('causal', 'circular'),
    withSkip: fc.boolean(),
    withGate: fc.boolean(),
    seed: fc.nat(),
  })
  .map((given) => (given.mode === 'circular' ? {...given, futureTaps: 0} : given));

/** The output and the gradients of its sum times random numbers. */
function withGradients(given: Case): tf.Tensor[] {
  const {batch, time, channels, taps, futureTaps, mode, withSkip, withGate, seed} = given;
  const random = new Random(seed, 'convolution');
  const draw = (...shape: number[]) => randomTensor(shape, random);
  const [x, probe] = [draw(batch, time, channels), draw(batch, time, channels)];
  const options = {
    ...(futureTaps > 0 && {future: draw(futureTaps, channels)}),
    ...(withSkip && {skip: draw(channels)}),
    ...(withGate && {gate: draw(batch, time, channels)}),
  };
  const names = Object.keys(options);
  const run = (x: tf.Tensor, filter: tf.Tensor, ...rest: tf.Tensor[]) =>
    longConvolution(x, filter, {mode, ...Object.fromEntries(names.map((name, i) => [name, rest[i]]))});
  const inputs = [x, draw(taps, channels), ...Object.values(options)];
  const [first, second, ...rest] = inputs;
  const loss = (x: tf.Tensor, filter: tf.Tensor, ...rest: tf.Tensor[]) =>
    run(x, filter, ...rest)
      .mul(probe)
      .sum();
  return [run(first, second, ...rest), ...tf.grads(loss as (...x: tf.Tensor[]) => tf.Tensor)(inputs)];
}

describe('longConvolution on the simd engine', () => {
  beforeAll(() => setThreads(2));

  afterAll(async () => {
    await setThreads(1);
    await tf.setBackend('cpu');
  });

  it('gives what the reference gives, with gradients', () =>
    fc.assert(
      fc.asyncProperty(cases, async (given) => expectSame(await onBoth(() => withGradients(given)), 1e-5)),
      {numRuns: 30},
    ));

  it('gives the same bits for any number of threads', async () => {
    await tf.setBackend('simd');
    const large = () =>
      withGradients({
        ...{batch: 5, time: 700, channels: 18, taps: 900, futureTaps: 300, mode: 'causal'},
        ...{withSkip: true, withGate: true, seed: 1},
      });
    await setThreads(1);
    const alone = resultsOf(large);
    await setThreads(3);
    expect(resultsOf(large)).toEqual(alone);
  });

  it('and its gradients are within 1e-5 of sums in double precision at 65,536 positions', async () => {
    await tf.setBackend('simd');
    const [time, channels] = [65_536, 5];
    const random = new Random(1, 'long');
    tf.tidy(() => {
      const draw = (...shape: number[]) => randomTensor(shape, random);
      const [x, filter, g] = [draw(1, time, channels), draw(time, channels), draw(1, time, channels)];
      const gradients = tf.grads((x: tf.Tensor, filter: tf.Tensor) => longConvolution(x, filter))([x, filter], g);
      const [xs, taps, gs] = [x, filter, g].map((tensor) => tensor.dataSync());
      const sum = (first: number, last: number, term: (s: number) => number) => {
        let total = 0;
        for (let s = first; s <= last; s++) total += term(s);
        return total;
      };
      const definitions: ((t: number, c: number) => number)[] = [
        (t, c) => sum(0, t, (s) => taps[(t - s) * channels + c] * xs[s * channels + c]),
        (t, c) => sum(t, time - 1, (s) => taps[(s - t) * channels + c] * gs[s * channels + c]),
        (t, c) => sum(t, time - 1, (s) => xs[(s - t) * channels + c] * gs[s * channels + c]),
      ];
      for (const [i, result] of [longConvolution(x, filter), ...gradients].entries()) {
        const values = result.dataSync<'float32'>();
        const largest = values.reduce((m, y) => Math.max(m, Math.abs(y)), 0);
        for (const c of [0, 4])
          for (const t of [0, 1000, 40_001, time - 1])
            expect(Math.abs(values[t * channels + c] - definitions[i](t, c))).toBeLessThan(1e-5 * largest);
      }
    });
  });
});
