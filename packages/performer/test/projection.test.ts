import * as tf from '@tensorflow/tfjs';
import {Random} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {layers, ops} from '../src';
import {queryFeatures} from '../src/ops/features';

const lengths = (rows: tf.Tensor) => rows.square().sum(1).sqrt().arraySync() as number[];

describe('orthogonalProjection', () => {
  it.each([
    [5, 8],
    [8, 8],
    [21, 8],
    [3, 1],
  ])('has %i rows of %i features, orthogonal in each block', (m, d) => {
    tf.tidy(() => {
      const P = ops.orthogonalProjection(m, d, {seed: 7});
      expect(P.shape).toEqual([m, d]);
      const rows = P.div(P.square().sum(1, true).sqrt());
      const cosines = tf.matMul(rows, rows, false, true).arraySync() as number[][];
      for (let i = 0; i < m; i++)
        for (let j = 0; j < i; j++)
          if (Math.floor(i / d) === Math.floor(j / d)) expect(Math.abs(cosines[i][j])).toBeLessThan(1e-5);
      if (m > d && d > 1) expect(Math.max(...cosines[d].slice(0, d).map(Math.abs))).toBeGreaterThan(1e-3);
    });
  });

  it('has rows as long as Gaussian vectors, or all alike', () => {
    tf.tidy(() => {
      const squares = lengths(ops.orthogonalProjection(2000, 16)).map((length) => length ** 2);
      const mean = squares.reduce((a, b) => a + b) / squares.length;
      expect(Math.abs(mean - 16)).toBeLessThan(0.5);
      expect(Math.max(...squares) - Math.min(...squares)).toBeGreaterThan(10);
      for (const length of lengths(ops.orthogonalProjection(40, 16, {scaling: 'constant'})))
        expect(length).toBeCloseTo(4, 5);
    });
  });

  it('is that of its seed', () => {
    tf.tidy(() => {
      const drawn = (seed: number) => ops.orthogonalProjection(9, 4, {seed}).arraySync();
      expect(drawn(1)).toEqual(drawn(1));
      expect(drawn(1)).not.toEqual(drawn(2));
    });
  });

  it('makes features that are positive, and whose products have the softmax kernel for their mean', () => {
    tf.tidy(() => {
      const [q, k] = [
        [0.3, -0.5, 0.8, 0.1],
        [0.6, 0.2, -0.4, 0.5],
      ].map((x) => tf.tensor(x, [1, 1, 1, 4]));
      // Without what is subtracted for size alone.
      const features = (x: tf.Tensor, P: tf.Tensor) => {
        const scaled = x.mul(4 ** -0.25).reshape([1, 4]);
        return tf.matMul(scaled, P, false, true).sub(scaled.square().sum().mul(0.5)).exp();
      };
      const random = new Random(1, 'mean');
      const estimates = Array.from({length: 400}, () => {
        const P = ops.orthogonalProjection(32, 4, {seed: random});
        const [a, b] = [features(q, P), features(k, P)];
        expect(a.min().dataSync()[0]).toBeGreaterThan(0);
        return a.mul(b).mean().dataSync()[0];
      });
      const exact = Math.exp(q.mul(k).sum().dataSync()[0] / 2);
      const mean = estimates.reduce((a, b) => a + b) / estimates.length;
      expect(Math.abs(mean / exact - 1)).toBeLessThan(0.02);
      expect(
        queryFeatures({u: tf.tensor([[1, 2]]), D: tf.tensor([[0.5]])}, 0)
          .min()
          .dataSync()[0],
      ).toBeGreaterThan(0);
    });
  });
});

describe('projectionSchedule', () => {
  it('draws from the generator of the training loop, so that a run draws the same again', () => {
    const before = tf.memory().numTensors;
    const x = tf.ones([1, 2, 8]);
    const drawn = (seed: number) => {
      const attention = layers.performerSelfAttention({numHeads: 2, name: 'attention'});
      const schedule = layers.projectionSchedule({interval: 1, name: 'schedule'}, () => attention.projections);
      for (const layer of [attention, schedule]) tf.dispose(layer.apply(x) as tf.Tensor);
      const first = attention.projections[0].matrix.arraySync();
      const random = new Random(seed, 'dropout');
      for (let i = 0; i < 2; i++) tf.dispose(schedule.call(x, {training: true, random}));
      const second = attention.projections[0].matrix.arraySync();
      expect(second).not.toEqual(first);
      for (const layer of [attention, schedule]) layer.dispose();
      return second;
    };
    expect(drawn(1)).toEqual(drawn(1));
    expect(drawn(1)).not.toEqual(drawn(2));
    x.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('never draws where there is no interval', () => {
    const x = tf.ones([1, 2, 8]);
    const schedule = layers.projectionSchedule({name: 'never'});
    for (let i = 0; i < 3; i++) tf.dispose(schedule.apply(x, {training: true}) as tf.Tensor);
    expect(schedule.getWeights()[0].dataSync()[0]).toBe(0);
    schedule.dispose();
    x.dispose();
  });
});
