import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ops} from '../src';

type Vector = number[];
type Matrix = number[][];

/** One sequence, one head of N features, T positions, from time 1 on. */
const sizes = fc.record({T: fc.integer({min: 1, max: 6}), N: fc.integer({min: 1, max: 4}), seed: fc.nat(1000)});

/** Numbers [rows, columns] between -1 and 1, other ones for each `salt`. */
const numbers = (rows: number, columns: number, seed: number, salt: number): Matrix =>
  tf.tidy(() => tf.randomUniform([rows, columns], -1, 1, 'float32', seed * 10 + salt).arraySync() as Matrix);

const dot = (a: Vector, b: Vector) => a.reduce((sum, x, i) => sum + x * b[i], 0);
const columnsOf = (matrix: Matrix) => matrix[0].map((_, j) => matrix.map((row) => row[j]));

/** [T, N] as the ops' [batch, time, heads, N]. */
const ofOneHead = (rows: Matrix) => tf.tensor(rows).expandDims(1).expandDims(0);

function expectClose(actual: tf.Tensor, expected: Matrix): void {
  const difference = actual
    .reshape([-1])
    .sub(tf.tensor(expected).reshape([-1]))
    .abs()
    .max()
    .dataSync()[0];
  expect(difference).toBeLessThan(1e-5);
}

describe('wkv4', () => {
  it('is the weighted average of its definition', () => {
    fc.assert(
      fc.property(sizes, ({T, N, seed}) =>
        tf.tidy(() => {
          const [k, v] = [numbers(T, N, seed, 1), numbers(T, N, seed, 2)];
          const [[logDecay], [bonus]] = [
            numbers(1, N, seed, 3).map((row) => row.map((x) => -Math.abs(x))),
            numbers(1, N, seed, 4),
          ];
          const expected = k.map((_, t) =>
            logDecay.map((w, c) => {
              const weights = k
                .slice(0, t + 1)
                .map((key, i) => Math.exp(i < t ? (t - 1 - i) * w + key[c] : bonus[c] + key[c]));
              const sum = weights.reduce((total, weight) => total + weight, 0);
              return (
                dot(
                  weights,
                  v.slice(0, t + 1).map((value) => value[c]),
                ) / sum
              );
            }),
          );
          const [keys, values] = [k, v].map((rows) => tf.tensor(rows).expandDims(0));
          const {output} = ops.wkv4(keys, values, {logDecay: tf.tensor(logDecay), bonus: tf.tensor(bonus)});
          expectClose(output, expected);
        }),
      ),
    );
  });
});

/** A matrix S [N keys, N values] over time: `read` at a position before it is changed to `next`. */
function overTime(
  T: number,
  N: number,
  step: (S: Matrix, t: number) => {y: Vector; next: Matrix},
): {ys: Matrix; S: Matrix} {
  let S: Matrix = Array.from({length: N}, () => Array<number>(N).fill(0));
  const ys = Array.from({length: T}, (_, t) => {
    const {y, next} = step(S, t);
    S = next;
    return y;
  });
  return {ys, S};
}

describe('wkv56', () => {
  it.each([5, 6])('is the recurrence of its definition, with the decay of version %i', (version) => {
    fc.assert(
      fc.property(sizes, ({T, N, seed}) =>
        tf.tidy(() => {
          const [r, k, v] = [1, 2, 3].map((salt) => numbers(T, N, seed, salt));
          const logDecay = numbers(version === 5 ? 1 : T, N, seed, 4).map((row) => row.map((x) => -Math.abs(x)));
          const [bonus] = numbers(1, N, seed, 5);
          const {ys, S} = overTime(T, N, (before, t) => ({
            y: columnsOf(before.map((row, i) => row.map((s, j) => s + bonus[i] * k[t][i] * v[t][j]))).map((column) =>
              dot(r[t], column),
            ),
            next: before.map((row, i) =>
              row.map((s, j) => Math.exp(logDecay[version === 5 ? 0 : t][i]) * s + k[t][i] * v[t][j]),
            ),
          }));
          const [rs, ks, vs] = [r, k, v].map(ofOneHead);
          const decay = version === 5 ? tf.tensor(logDecay) : ofOneHead(logDecay);
          const {output, state} = ops.wkv56(rs, ks, vs, {logDecay: decay, bonus: tf.tensor([bonus])});
          expectClose(output, ys);
          expectClose(state, S);
        }),
      ),
    );
  });
});

describe('wkv7', () => {
  it('is the recurrence of its definition', () => {
    fc.assert(
      fc.property(sizes, ({T, N, seed}) =>
        tf.tidy(() => {
          const [r, k, v, a, b] = [1, 2, 3, 4, 5].map((salt) => numbers(T, N, seed, salt));
          const logDecay = numbers(T, N, seed, 6).map((row) => row.map((x) => -Math.abs(x)));
          const {ys, S} = overTime(T, N, (before, t) => {
            const found = columnsOf(before).map((column) => dot(a[t], column));
            const next = before.map((row, i) =>
              row.map((s, j) => Math.exp(logDecay[t][i]) * s + b[t][i] * found[j] + k[t][i] * v[t][j]),
            );
            return {y: columnsOf(next).map((column) => dot(r[t], column)), next};
          });
          const [rs, ks, vs, lookups, corrections, decay] = [r, k, v, a, b, logDecay].map(ofOneHead);
          const {output, state} = ops.wkv7(rs, ks, vs, {logDecay: decay, lookups, corrections});
          expectClose(output, ys);
          expectClose(state, S);
        }),
      ),
    );
  });
});
