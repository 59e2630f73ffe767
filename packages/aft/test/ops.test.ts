import * as tf from '@tensorflow/tfjs';
import {ShapeError} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {aftFull, aftLocal, aftSimple} from '../src/ops';
import {averageByDefinition} from './brute-force';
import {drawn} from './drawn';

const shapes = fc.record({
  batch: fc.integer({min: 1, max: 2}),
  time: fc.integer({min: 1, max: 19}),
  channels: fc.integer({min: 1, max: 3}),
  scale: fc.constantFrom(1, 1, 300, 1e4),
  causal: fc.boolean(),
  seed: fc.nat(),
});

const distance = (a: tf.Tensor, b: tf.Tensor) =>
  tf.tidy(() => a.sub(b).abs().max().div(b.abs().max().add(1e-6)).dataSync()[0]);

const sees = (causal: boolean, t: number, u: number) => !causal || u <= t;

describe('the averages equal their definition, for small and for huge keys', () => {
  it('aftSimple', () => {
    fc.assert(
      fc.property(shapes, ({batch, time, channels, scale, causal, seed}) => {
        tf.tidy(() => {
          const [k, v] = [drawn([batch, time, channels], seed, 'k', scale), drawn([batch, time, channels], seed, 'v')];
          const wanted = averageByDefinition(k, v, (t, u) => (sees(causal, t, u) ? 0 : null));
          expect(distance(aftSimple(k, v, {causal}), wanted)).toBeLessThan(1e-5);
        });
      }),
      {numRuns: 25},
    );
  });

  it('aftFull', () => {
    fc.assert(
      fc.property(shapes, ({batch, time, channels, scale, causal, seed}) => {
        tf.tidy(() => {
          const [k, v] = [drawn([batch, time, channels], seed, 'k', scale), drawn([batch, time, channels], seed, 'v')];
          const w = drawn([time, time], seed, 'w', 2);
          const W = w.arraySync() as number[][];
          const wanted = averageByDefinition(k, v, (t, u) => (sees(causal, t, u) ? W[t][u] : null));
          expect(distance(aftFull(k, v, w, {causal}), wanted)).toBeLessThan(1e-5);
        });
      }),
      {numRuns: 25},
    );
  });

  it('aftLocal', () => {
    fc.assert(
      fc.property(shapes, fc.integer({min: 1, max: 6}), ({batch, time, channels, scale, causal, seed}, windowSize) => {
        tf.tidy(() => {
          const long = 7 * time;
          const [k, v] = [drawn([batch, long, channels], seed, 'k', scale), drawn([batch, long, channels], seed, 'v')];
          const bias = {rows: drawn([long, 2], seed, 'u'), columns: drawn([long, 2], seed, 'c')};
          const matrix = tf.matMul(bias.rows, bias.columns, false, true);
          const W = matrix.arraySync() as number[][];
          const wanted = averageByDefinition(k, v, (t, u) =>
            sees(causal, t, u) ? (Math.abs(t - u) < windowSize ? W[t][u] : 0) : null,
          );
          for (const w of [bias, matrix])
            expect(distance(aftLocal(k, v, w, {windowSize, causal}), wanted)).toBeLessThan(1e-5);
        });
      }),
      {numRuns: 25},
    );
  });
});

describe('shapes that do not go together are refused', () => {
  const zeros = (...shape: number[]) => tf.zeros(shape);

  it.each<[string, () => tf.Tensor, RegExp]>([
    ['values', () => aftSimple(zeros(1, 2, 3), zeros(1, 2, 4)), /values \[1,2,4\] must have the shape of the keys/],
    ['no time', () => aftSimple(zeros(1, 0, 3), zeros(1, 0, 3)), /time at least 1/],
    ['biases', () => aftFull(zeros(1, 2, 3), zeros(1, 2, 3), zeros(3, 3)), /for \[3, 3\] positions.*\[2, 2\]/],
    [
      'factors',
      () => aftFull(zeros(1, 2, 3), zeros(1, 2, 3), {rows: zeros(2, 1), columns: zeros(2, 2)}),
      /factors \[2,1\] and \[2,2\]/,
    ],
  ])('%s', (_, run, message) => {
    expect(() => tf.tidy(run)).toThrow(ShapeError);
    expect(() => tf.tidy(run)).toThrow(message);
  });
});
