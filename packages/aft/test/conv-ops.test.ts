import * as tf from '@tensorflow/tfjs';
import {ShapeError} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {aftConv, aftConv2d} from '../src/conv-ops';
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
  it('aftConv', () => {
    fc.assert(
      fc.property(
        shapes,
        fc.integer({min: 1, max: 4}),
        fc.integer({min: 1, max: 2}),
        ({batch, time, channels: heads, scale, causal, seed}, half, size) => {
          tf.tidy(() => {
            const long = 5 * time;
            const count = causal ? half : 2 * half - 1;
            const k = drawn([batch, long, heads], seed, 'k', scale);
            const v = drawn([batch, long, heads * size], seed, 'v');
            const taps = drawn([heads, count], seed, 'w', 3);
            const W = taps.arraySync() as number[][];
            const wanted = averageByDefinition(k, v, (t, u, channel) => {
              const tap = u - t + (causal ? count - 1 : half - 1);
              return sees(causal, t, u) ? (W[Math.floor(channel / size)][tap] ?? 0) : null;
            });
            expect(distance(aftConv(k, v, taps, {causal}), wanted)).toBeLessThan(1e-5);
          });
        },
      ),
      {numRuns: 25},
    );
  });

  it('aftConv2d', () => {
    fc.assert(
      fc.property(
        fc.record({
          rows: fc.integer({min: 1, max: 9}),
          columns: fc.constantFrom(1, 4, 9, 34),
          reach: fc.integer({min: 0, max: 3}),
          scale: fc.constantFrom(1, 1e4),
          seed: fc.nat(),
        }),
        ({rows, columns, reach, scale, seed}) => {
          tf.tidy(() => {
            const [heads, size, side] = [2, 2, 2 * reach + 1];
            const k = drawn([2, rows, columns, heads], seed, 'k', scale);
            const v = drawn([2, rows, columns, heads * size], seed, 'v');
            const taps = drawn([heads, side, side], seed, 'w', 3);
            const W = taps.arraySync() as number[][][];
            const flat = (x: tf.Tensor) => x.reshape([2, rows * columns, -1]);
            const wanted = averageByDefinition(flat(k), flat(v), (t, u, channel) => {
              const down = Math.floor(u / columns) - Math.floor(t / columns) + reach;
              const right = (u % columns) - (t % columns) + reach;
              return W[Math.floor(channel / size)][down]?.[right] ?? 0;
            });
            expect(distance(flat(aftConv2d(k, v, taps)), wanted)).toBeLessThan(1e-5);
          });
        },
      ),
      {numRuns: 25},
    );
  });
});

describe('shapes that do not go together are refused', () => {
  const zeros = (...shape: number[]) => tf.zeros(shape);

  it.each<[string, () => tf.Tensor, RegExp]>([
    ['heads', () => aftConv(zeros(1, 2, 3), zeros(1, 2, 4), zeros(3, 1)), /a multiple of the heads/],
    ['taps', () => aftConv(zeros(1, 2, 2), zeros(1, 2, 4), zeros(3, 1)), /\[3,1\].*the number of heads, 2/],
  ])('%s', (_, run, message) => {
    expect(() => tf.tidy(run)).toThrow(ShapeError);
    expect(() => tf.tidy(run)).toThrow(message);
  });
});
