import * as tf from '@tensorflow/tfjs';
import {ShortConvolution} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {feed, requireAlike} from '../src/feed';
import {inScope} from './in-scope';

describe('feed', () => {
  it.each([
    {time: 1, sizes: undefined, fed: [1]},
    {time: 4, sizes: undefined, fed: [1, 2, 3, 4]},
    {time: 4, sizes: [3, 1], fed: [3, 4]},
  ])('gives what the whole sequence gives: $time positions in pieces of $sizes', async ({time, sizes, fed}) => {
    const layer = new ShortConvolution({size: 3});
    await inScope(async () => {
      const x = tf.randomNormal([2, time, 5], 0, 1, 'float32', 7);
      const whole = layer.apply(x) as tf.Tensor;
      const seen: [number, number][] = [];
      const streamed = feed(layer, x, {sizes, look: (state, count) => seen.push([state.length, count])});
      expect(seen).toEqual(fed.map((count) => [count, count]));
      await requireAlike(streamed, whole, 1e-5);
    });
    layer.dispose();
  });

  it('goes on from a state, which it uses up', async () => {
    const layer = new ShortConvolution({size: 3});
    await inScope(async () => {
      const x = tf.randomNormal([1, 5, 2], 0, 1, 'float32', 7);
      const [before, after] = tf.split(x, [2, 3], 1);
      const {state} = layer.stream(before);
      const rest = feed(layer, after, {state});
      await requireAlike(rest, (layer.apply(x) as tf.Tensor).slice([0, 2, 0]), 1e-5);
      expect(() => layer.stream(after, state)).toThrow();
    });
    layer.dispose();
  });
});

describe('requireAlike', () => {
  it.each([
    [[1, 100.5], false],
    [[1, 102], true],
    [[1, Number.NaN], true],
  ])('compares %j with 1 and 100, a hundredth apart at most', async (values, isRefused) => {
    const check = inScope(() => requireAlike(tf.tensor1d(values), tf.tensor1d([1, 100]), 0.01));
    if (isRefused) await expect(check).rejects.toThrow(/^a stream is .* away from the whole$/);
    else await check;
  });
});
