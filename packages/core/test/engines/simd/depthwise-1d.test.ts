import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {setThreads} from '../../../src/engines/simd/register';
import {depthwiseConvolution1d} from '../../../src/kernels/depthwise-convolution-1d';
import {Random} from '../../../src/random';
import {expectSame, onBoth, randomTensor, resultsOf} from './backends';

interface Case {
  batch: number;
  time: number;
  channels: number;
  size: number;
  padding: 'causal' | 'centred';
  withBias: boolean;
  withBefore: boolean;
  seed: number;
}

/** The output and the gradients of its sum times random numbers. */
function withGradients({batch, time, channels, size, padding, withBias, withBefore, seed}: Case): tf.Tensor[] {
  const random = new Random(seed, 'convolution');
  const draw = (...shape: number[]) => randomTensor(shape, random);
  const [x, filter, bias] = [draw(batch, time, channels), draw(size, channels), draw(channels)];
  const [before, probe] = [draw(batch, size - 1, channels), draw(batch, time, channels)];
  const hasBefore = withBefore && padding === 'causal';
  const inputs = [x, filter, ...(withBias ? [bias] : []), ...(hasBefore ? [before] : [])];
  const run = (...[x, filter, ...rest]: tf.Tensor[]) =>
    depthwiseConvolution1d(x, filter, {
      padding,
      ...(withBias && {bias: rest[0]}),
      ...(hasBefore && {before: rest[rest.length - 1]}),
    });
  return [
    run(...inputs),
    ...tf.grads((...tensors) =>
      run(...tensors)
        .mul(probe)
        .sum(),
    )(inputs),
  ];
}

beforeAll(() => setThreads(2));

afterAll(async () => {
  await setThreads(1);
  await tf.setBackend('cpu');
});

describe('depthwiseConvolution1d on the simd engine', () => {
  it('gives what the reference gives, with gradients', () =>
    fc.assert(
      fc.asyncProperty(
        fc.record<Case>({
          batch: fc.integer({min: 1, max: 3}),
          time: fc.integer({min: 1, max: 90}),
          channels: fc.integer({min: 1, max: 37}),
          size: fc.integer({min: 1, max: 9}),
          padding: fc.constantFrom('causal', 'centred'),
          withBias: fc.boolean(),
          withBefore: fc.boolean(),
          seed: fc.nat(),
        }),
        async (given) => expectSame(await onBoth(() => withGradients(given)), 1e-4),
      ),
      {numRuns: 40},
    ));

  it('gives the same bits for any number of threads, also where a sequence is cut into pieces', async () => {
    const options = {padding: 'causal', withBias: true, withBefore: true} as const;
    const large = () => withGradients({batch: 2, time: 300, channels: 130, size: 4, ...options, seed: 1});
    expectSame(await onBoth(large), 1e-4);
    await setThreads(1);
    const alone = resultsOf(large);
    await setThreads(3);
    expect(resultsOf(large)).toEqual(alone);
  });
});
