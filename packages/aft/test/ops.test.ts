import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {aftConv, aftConv2d} from '../src/conv-ops';
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

  it('aftConv', () => {
    fc.assert(
      fc.property(
        shapes,
        fc.integer({min: 1, max: 4}),
        fc.integer({min: 1, max: 2}),
        ({batch, time, channels: heads, scale, causal, seed}, half, size) => {
          tf.tidy(() => {
            const long = 5 * time;
            const taps = causal ? half : 2 * half - 1;
            const k = drawn([batch, long, heads], seed, 'k', scale);
            const v = drawn([batch, long, heads * size], seed, 'v');
            const kernel = drawn([heads, taps], seed, 'w', 3);
            const W = kernel.arraySync() as number[][];
            const wanted = averageByDefinition(k, v, (t, u, channel) => {
              const tap = u - t + (causal ? taps - 1 : half - 1);
              return sees(causal, t, u) ? (W[Math.floor(channel / size)][tap] ?? 0) : null;
            });
            expect(distance(aftConv(k, v, kernel, {causal}), wanted)).toBeLessThan(1e-5);
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
            const [heads, size, taps] = [2, 2, 2 * reach + 1];
            const k = drawn([2, rows, columns, heads], seed, 'k', scale);
            const v = drawn([2, rows, columns, heads * size], seed, 'v');
            const kernel = drawn([heads, taps, taps], seed, 'w', 3);
            const W = kernel.arraySync() as number[][][];
            const flat = (x: tf.Tensor) => x.reshape([2, rows * columns, -1]);
            const wanted = averageByDefinition(flat(k), flat(v), (t, u, channel) => {
              const down = Math.floor(u / columns) - Math.floor(t / columns) + reach;
              const right = (u % columns) - (t % columns) + reach;
              return W[Math.floor(channel / size)][down]?.[right] ?? 0;
            });
            expect(distance(flat(aftConv2d(k, v, kernel)), wanted)).toBeLessThan(1e-5);
          });
        },
      ),
      {numRuns: 25},
    );
  });
});
