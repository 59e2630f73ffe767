import * as tf from '@tensorflow/tfjs';
import {Random, rmsNorm} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ops, type RetentionMemory} from '../src';
import {defaultDecays} from '../src/retention';

const shapes = fc.record({
  batch: fc.integer({min: 1, max: 2}),
  numHeads: fc.integer({min: 1, max: 3}),
  time: fc.integer({min: 1, max: 13}),
  keySize: fc.integer({min: 1, max: 5}),
  valueSize: fc.integer({min: 1, max: 5}),
  seed: fc.nat(),
});
type Shape = typeof shapes extends fc.Arbitrary<infer S> ? S : never;

function inputs(
  {batch, numHeads, time, keySize, valueSize, seed}: Shape,
  scale = 1,
): [tf.Tensor, tf.Tensor, tf.Tensor] {
  const random = new Random(seed, 'retention');
  const tensor = (size: number) => {
    const shape = [batch, numHeads, time, size];
    return tf.tensor(
      Float32Array.from({length: tf.util.sizeFromShape(shape)}, () => scale * random.normal()),
      shape,
    );
  };
  return [tensor(keySize), tensor(keySize), tensor(valueSize)];
}

/** The largest difference, relative to the largest value. */
const distance = (a: tf.Tensor, b: tf.Tensor) =>
  tf.tidy(() => a.sub(b).abs().max().div(b.abs().max().add(1e-6)).dataSync()[0]);

/** Rows of length one, as the norm over each head makes them. */
const direction = (x: tf.Tensor) => rmsNorm(x, 1e-20);

/** o_n = Σ_{m <= n} γ^(n-m) (q_n · k_m) v_m, position by position in double precision: retention without any divisor. */
function bruteForce(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, decays: readonly number[]): tf.Tensor {
  const [batch, numHeads, time, valueSize] = v.shape as number[];
  const [Q, K, V] = [q, k, v].map((x) => x.arraySync() as number[][][][]);
  const output = Array.from({length: batch}, (_, b) =>
    Array.from({length: numHeads}, (_, h) =>
      Array.from({length: time}, (_, n) =>
        Array.from({length: valueSize}, (_, i) => {
          let sum = 0;
          for (let m = 0; m <= n; m++) {
            const product = Q[b][h][n].reduce((dot, value, j) => dot + value * K[b][h][m][j], 0);
            sum += decays[h] ** (n - m) * product * V[b][h][m][i];
          }
          return sum;
        }),
      ),
    ),
  );
  return tf.tensor(output, [batch, numHeads, time, valueSize]);
}

describe('retention', () => {
  it('has the direction of the definition in all three forms, whatever the chunks', () => {
    fc.assert(
      fc.property(shapes, fc.integer({min: 1, max: 15}), (shape, size) => {
        tf.tidy(() => {
          const [q, k, v] = inputs(shape);
          const decays = defaultDecays(shape.numHeads);
          const wanted = direction(bruteForce(q, k, v, decays));
          for (const output of [
            ops.retention(q, k, v, decays),
            ops.retentionChunkwise(q, k, v, decays, size),
            ops.retentionChunkwise(q, k, v, decays, size, {normalizer: 'torchscale'}),
            ops.retentionRecurrent(q, k, v, decays, null).output,
          ])
            expect(distance(direction(output), wanted)).toBeLessThan(2e-4);
        });
      }),
      {numRuns: 30},
    );
  });

  it('streams the same in any pieces, and remembers the same', () => {
    fc.assert(
      fc.property(shapes, fc.array(fc.integer({min: 1, max: 6}), {minLength: 1}), (shape, lengths) => {
        tf.tidy(() => {
          const [q, k, v] = inputs(shape);
          const decays = defaultDecays(shape.numHeads);
          const whole = ops.retentionRecurrent(q, k, v, decays, null);
          let memory: RetentionMemory | null = null;
          const outputs: tf.Tensor[] = [];
          for (let start = 0, i = 0; start < shape.time; i++) {
            const length = Math.min(lengths[i % lengths.length], shape.time - start);
            const [qi, ki, vi] = [q, k, v].map((x) => x.slice([0, 0, start, 0], [-1, -1, length, -1]));
            const piece = ops.retentionRecurrent(qi, ki, vi, decays, memory);
            outputs.push(piece.output);
            memory = piece.memory;
            start += length;
          }
          expect(distance(tf.concat(outputs, 2), whole.output)).toBeLessThan(1e-5);
          expect(distance((memory as unknown as RetentionMemory).keyValue, whole.memory.keyValue)).toBeLessThan(1e-5);
          expect(distance((memory as unknown as RetentionMemory).scale, whole.memory.scale)).toBeLessThan(1e-5);
        });
      }),
      {numRuns: 30},
    );
  });

  it('takes its divisors for constants in the gradient', () => {
    tf.tidy(() => {
      const shape = {batch: 1, numHeads: 2, time: 5, keySize: 3, valueSize: 4, seed: 7};
      // Scores large enough for the sums of their absolute values to exceed 1.
      const [q, k, v] = inputs(shape, 3);
      const decays = defaultDecays(2);
      const M = ops.normalizedDecayMatrix(decays, 5);
      const A = tf.matMul(q, k, false, true).mul(M);
      const divisor = A.abs().sum(-1, true).clipByValue(1, 5e4);
      expect(divisor.min().dataSync()[0]).toBeGreaterThan(1);
      const probe = tf.randomNormal(v.shape, 0, 1, 'float32', 1);
      const frozen = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) =>
        tf
          .matMul(tf.matMul(q, k, false, true).mul(M).div(divisor), v)
          .mul(probe)
          .sum() as tf.Scalar;
      const actual = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) =>
        ops.retention(q, k, v, decays).mul(probe).sum() as tf.Scalar;
      const expected = tf.grads((...xs: tf.Tensor[]) => frozen(xs[0], xs[1], xs[2]))([q, k, v]);
      const gradients = tf.grads((...xs: tf.Tensor[]) => actual(xs[0], xs[1], xs[2]))([q, k, v]);
      gradients.forEach((gradient, i) => {
        expect(distance(gradient, expected[i])).toBeLessThan(1e-5);
      });
    });
  });

  it('has the same gradient in the parallel form and in one chunk, where no divisor exceeds 1', () => {
    tf.tidy(() => {
      const [q, k, v] = inputs({batch: 1, numHeads: 2, time: 5, keySize: 3, valueSize: 4, seed: 7}, 0.1);
      const decays = defaultDecays(2);
      const gradients = (form: (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => tf.Tensor) =>
        tf.grads((...xs: tf.Tensor[]) => form(xs[0], xs[1], xs[2]).square().sum())([q, k, v]);
      const wanted = gradients((q, k, v) => ops.retention(q, k, v, decays));
      const chunked = gradients((q, k, v) => ops.retentionChunkwise(q, k, v, decays, 5));
      wanted.forEach((gradient, i) => {
        expect(distance(chunked[i], gradient)).toBeLessThan(1e-5);
      });
    });
  });

  it('gives in chunks what the recurrent form gives, lengths included, with the divisor that is carried', () => {
    fc.assert(
      fc.property(shapes, fc.integer({min: 1, max: 15}), (shape, size) => {
        tf.tidy(() => {
          const [q, k, v] = inputs(shape);
          const decays = defaultDecays(shape.numHeads);
          const wanted = ops.retentionRecurrent(q, k, v, decays, null).output;
          expect(distance(ops.retentionChunkwise(q, k, v, decays, size), wanted)).toBeLessThan(1e-5);
          const small = inputs(shape, 0.1);
          const parallel = ops.retention(small[0], small[1], small[2], decays);
          expect(distance(ops.retentionChunkwise(small[0], small[1], small[2], decays, size), parallel)).toBeLessThan(
            1e-5,
          );
        });
      }),
      {numRuns: 30},
    );
  });

  it('leaves out what a mask calls padding, in every form and in the memory', () => {
    fc.assert(
      fc.property(shapes, fc.integer({min: 1, max: 15}), fc.nat(), (shape, size, lead) => {
        tf.tidy(() => {
          const [q, k, v] = inputs(shape);
          const decays = defaultDecays(shape.numHeads);
          const from = lead % shape.time;
          const values = Array.from({length: shape.batch * shape.time}, (_, i) => (i % shape.time < from ? 0 : 1));
          const mask = tf.tensor2d(values, [shape.batch, shape.time]);
          const behind = (x: tf.Tensor) => x.slice([0, 0, from, 0]);
          const [qs, ks, vs] = [q, k, v].map(behind);
          const [padded, alone] = [
            ops.retentionRecurrent(q, k, v, decays, null, {mask}),
            ops.retentionRecurrent(qs, ks, vs, decays, null),
          ];
          const pairs = [
            [behind(padded.output), alone.output],
            [padded.memory.keyValue, alone.memory.keyValue],
            [padded.memory.scale, tf.broadcastTo(alone.memory.scale, padded.memory.scale.shape)],
            [behind(ops.retention(q, k, v, decays, {mask})), ops.retention(qs, ks, vs, decays)],
            [
              behind(ops.retentionChunkwise(q, k, v, decays, size, {mask})),
              ops.retentionChunkwise(qs, ks, vs, decays, size),
            ],
          ];
          for (const [actual, wanted] of pairs) expect(distance(actual, wanted)).toBeLessThan(1e-5);
          expect(padded.output.isFinite().all().dataSync()[0]).toBe(1);
        });
      }),
      {numRuns: 30},
    );
  });

  it('stays finite over thousands of positions', () => {
    tf.tidy(() => {
      const [q, k, v] = inputs({batch: 1, numHeads: 2, time: 4000, keySize: 2, valueSize: 2, seed: 1});
      const decays = [0.5, 1 - 2 ** -12];
      const {output, memory} = ops.retentionRecurrent(q, k, v, decays, null);
      expect(output.isFinite().all().dataSync()[0]).toBe(1);
      expect(memory.scale.dataSync()[1]).toBeCloseTo((1 - decays[1] ** 4000) / (1 - decays[1]), 0);
      expect(ops.retentionChunkwise(q, k, v, decays, 64).isFinite().all().dataSync()[0]).toBe(1);
    });
  });
});
