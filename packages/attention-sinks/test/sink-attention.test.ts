import * as tf from '@tensorflow/tfjs';
import {Random} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ops} from '../src';

const draw = (shape: number[], seed: number, scale = 1) => {
  const random = new Random(seed, 'sink-attention');
  return tf.tensor(
    Float32Array.from({length: tf.util.sizeFromShape(shape)}, () => scale * random.normal()),
    shape,
  );
};
const distance = (a: tf.Tensor, b: tf.Tensor) => tf.tidy(() => a.sub(b).abs().max().dataSync()[0]);

describe('softmaxOffByOne', () => {
  it('is exp x / (1 + Σ exp x), whatever the magnitude', () => {
    const rows = fc.array(fc.double({min: -40, max: 40, noNaN: true}), {minLength: 1, maxLength: 6});
    fc.assert(
      fc.property(rows, (x) => {
        const total = x.reduce((sum, value) => sum + Math.exp(value), 1);
        const found = tf.tidy(() => ops.softmaxOffByOne(tf.tensor2d([x])).dataSync());
        x.forEach((value, i) => {
          expect(found[i]).toBeCloseTo(Math.exp(value) / total, 5);
        });
      }),
    );
    const extremes = tf.tidy(() =>
      ops.softmaxOffByOne(tf.tensor1d([-1e30, 1e30, Number.NEGATIVE_INFINITY])).dataSync(),
    );
    expect([...extremes]).toEqual([0, 1, 0]);
    const nothing = tf.tidy(() => ops.softmaxOffByOne(tf.fill([2, 3], Number.NEGATIVE_INFINITY)).dataSync());
    expect([...nothing]).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe('offByOneAttention', () => {
  it('is attention with a key and a value of zeros in front', () => {
    fc.assert(
      fc.property(fc.integer({min: 1, max: 6}), fc.nat(), (time, seed) =>
        tf.tidy(() => {
          const [q, k, v] = [0, 1, 2].map((i) => draw([1, 2, time, 4], seed + i));
          const zero = tf.zeros([1, 2, 1, 4]);
          const front = (x: tf.Tensor) => tf.concat([zero, x], 2);
          // Queries are the last positions.
          const expected = ops.attention(q, front(k), front(v), {causal: true}).output;
          expect(distance(ops.offByOneAttention(q, k, v, {causal: true}), expected)).toBeLessThan(1e-5);
        }),
      ),
      {numRuns: 20},
    );
  });
});

describe('sinkAttention', () => {
  it('is attention to all where the logit is far below the scores, and nothing where it is far above', () => {
    tf.tidy(() => {
      const [q, k, v] = [0, 1, 2].map((i) => draw([2, 2, 5, 4], i));
      const plain = ops.attention(q, k, v, {causal: true, window: 3}).output;
      const sunk = ops.sinkAttention(q, k, v, tf.tensor1d([-60, 60]), {causal: true, window: 3});
      const [first, second] = tf.split(sunk, 2, 1);
      expect(distance(first, tf.split(plain, 2, 1)[0])).toBeLessThan(1e-6);
      expect(distance(second, tf.zerosLike(second))).toBeLessThan(1e-20);
    });
  });
});
