import * as tf from '@tensorflow/tfjs';
import {Random, ShapeError} from '@variants/core';
import {refusals} from '@variants-tooling/conformance';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ops} from '../src';

const shapes = fc.record({
  batch: fc.integer({min: 1, max: 3}),
  heads: fc.integer({min: 1, max: 2}),
  time: fc.integer({min: 1, max: 9}),
  beyond: fc.integer({min: 0, max: 4}),
  slots: fc.integer({min: 1, max: 12}),
  features: fc.integer({min: 1, max: 4}),
  seed: fc.nat(),
});

function normal(shape: number[], seed: number): tf.Tensor {
  const random = new Random(seed, 'compress');
  return tf.tensor(
    Float32Array.from({length: tf.util.sizeFromShape(shape)}, () => random.normal()),
    shape,
  );
}

const distance = (a: tf.Tensor, b: tf.Tensor) => tf.tidy(() => a.sub(b).abs().max().dataSync()[0]);

/** The gradients of Σ f(x, ...) · probe by tfjs, of both functions. */
function gradientsAlike(f: (...x: tf.Tensor[]) => tf.Tensor, g: (...x: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[]) {
  const probe = normal(f(...inputs).shape as number[], 77);
  const of = (function_: (...x: tf.Tensor[]) => tf.Tensor) =>
    tf.grads((...x: tf.Tensor[]) =>
      function_(...x)
        .mul(probe)
        .sum(),
    )(inputs);
  const wanted = of(g);
  of(f).forEach((gradient, i) => {
    expect(gradient.shape).toEqual(inputs[i].shape);
    expect(distance(gradient, wanted[i])).toBeLessThan(1e-4 * (1 + wanted[i].abs().max().dataSync()[0]));
  });
}

describe('compressSequence', () => {
  it('is its definition, and has the gradients of it, of all heads alike and of each', () => {
    fc.assert(
      fc.property(shapes, fc.constantFrom('none', 'shared', 'own'), (shape, form) => {
        const {batch, heads, time, beyond, slots, features, seed} = shape;
        tf.tidy(() => {
          const inHeads = form === 'none' ? [] : [heads];
          const x = normal([batch, ...inHeads, time, features], seed);
          const matrix = normal([...(form === 'own' ? [heads] : []), slots, time + beyond], seed + 1);
          // One sum after the other, the matrix of each row and head written out.
          const definition = (x: tf.Tensor, matrix: tf.Tensor) => {
            const used = matrix.slice(
              matrix.shape.map(() => 0),
              [...matrix.shape.slice(0, -1), time],
            );
            const of = used.rank === 2 ? used.expandDims(0) : used;
            const all = tf.broadcastTo(of.expandDims(0), [batch, form === 'none' ? 1 : heads, slots, time]);
            const rows = x.reshape([batch, -1, 1, time, features]);
            return all
              .expandDims(4)
              .mul(rows)
              .sum(3)
              .reshape([batch, ...inHeads, slots, features]);
          };
          expect(distance(ops.compressSequence(x, matrix), definition(x, matrix))).toBeLessThan(1e-5 * (1 + time));
          gradientsAlike(ops.compressSequence, definition, [x, matrix]);
        });
      }),
      {numRuns: 40},
    );
  });
});

describe('poolWindows', () => {
  it('is the mean or the largest of what is there, and says where there is nothing', () => {
    fc.assert(
      fc.property(shapes, fc.integer({min: 1, max: 4}), fc.constantFrom('mean', 'max'), (shape, size, pooling) => {
        const {batch, time, features, seed} = shape;
        tf.tidy(() => {
          const x = normal([batch, time, features], seed) as tf.Tensor3D;
          const mask = normal([batch, time], seed + 1)
            .greater(-0.3)
            .toFloat() as tf.Tensor2D;
          const [values, present] = [x.arraySync(), mask.arraySync()];
          const windows = Array.from({length: Math.ceil(time / size)}, (_, j) => j);
          const reduce = (column: number[]) =>
            column.length === 0
              ? 0
              : pooling === 'mean'
                ? column.reduce((a, b) => a + b) / column.length
                : Math.max(...column);
          const wanted = values.map((row, b) =>
            windows.map((j) =>
              row[0].map((_, f) =>
                reduce(row.flatMap((v, t) => (Math.floor(t / size) === j && present[b][t] ? [v[f]] : []))),
              ),
            ),
          );
          const there = present.map((row) => windows.map((j) => Math.max(0, ...row.slice(j * size, (j + 1) * size))));
          const pooled = ops.poolWindows(x, {size, pooling, mask});
          expect(distance(pooled.output, tf.tensor3d(wanted))).toBeLessThan(1e-5);
          expect(pooled.mask.arraySync()).toEqual(there);
          // The same in heads, and without a mask where all is there.
          const inHeads = ops.poolWindows(x.expandDims(1), {size, pooling, mask}).output;
          expect(distance(inHeads, pooled.output.expandDims(1))).toBe(0);
          const plain = ops.poolWindows(x, {size, pooling}).output;
          expect(distance(plain, ops.poolWindows(x, {size, pooling, mask: tf.onesLike(mask)}).output)).toBe(0);
        });
      }),
      {numRuns: 30},
    );
  });
});

describe('convolveWindows', () => {
  it("is tfjs's convolution with a stride as wide as its kernel, of what is filled up with zeros or cut", () => {
    fc.assert(
      fc.property(shapes, fc.integer({min: 1, max: 4}), fc.boolean(), (shape, size, own) => {
        const {batch, heads, time, slots: windows, features, seed} = shape;
        tf.tidy(() => {
          const x = normal([batch, heads, time, features], seed);
          const kernel = normal([...(own ? [heads] : []), 3, features, size], seed + 1);
          const bias = normal([...(own ? [heads] : []), 3], seed + 2);
          const definition = (x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor) => {
            const room = Math.max(time, windows * size);
            const padded = tf
              .pad(x, [
                [0, 0],
                [0, 0],
                [0, room - time],
                [0, 0],
              ])
              .slice([0, 0, 0, 0], [-1, -1, windows * size, -1]);
            const outputs = Array.from({length: heads}, (_, h) => {
              const [w, b] = own ? [kernel.slice(h, 1).squeeze([0]), bias.slice(h, 1).squeeze([0])] : [kernel, bias];
              const head = padded.slice([0, h], [-1, 1]).squeeze<tf.Tensor3D>([1]);
              return tf.conv1d(head, w.transpose<tf.Tensor3D>([2, 1, 0]), size, 'valid').add(b);
            });
            return tf.stack(outputs, 1);
          };
          const run = (x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor) =>
            ops.convolveWindows(x, kernel, bias, windows);
          expect(distance(run(x, kernel, bias), definition(x, kernel, bias))).toBeLessThan(1e-4);
          gradientsAlike(run, definition, [x, kernel, bias]);
        });
      }),
      {numRuns: 30},
    );
  });
});

describe('linformerAttention', () => {
  it('is softmax attention to the slots, and to all positions where the matrix is the identity', () => {
    tf.tidy(() => {
      const [q, k, v] = [5, 7, 7].map((time, i) => normal([2, 2, time, 4], i));
      const full = tf.matMul(tf.matMul(q, k, false, true).div(2).softmax(), v);
      const identity = tf.eye(7);
      expect(distance(ops.linformerAttention(q, k, v, {keyMatrix: identity}), full)).toBeLessThan(1e-5);
      const [E, F] = [normal([3, 9], 8), normal([2, 3, 9], 9)];
      const slots = (x: tf.Tensor, matrix: tf.Tensor) => ops.compressSequence(x, matrix);
      const wanted = tf.matMul(tf.matMul(q, slots(k, E), false, true).mul(0.3).softmax(), slots(v, F));
      const output = ops.linformerAttention(q, k, v, {keyMatrix: E, valueMatrix: F, scale: 0.3});
      expect(distance(output, wanted)).toBeLessThan(1e-5);
    });
  });

  it('counts padding as nothing, wherever it is', () => {
    tf.tidy(() => {
      const [q, k, v] = [5, 7, 7].map((time, i) => normal([2, 2, time, 4], i));
      const mask = tf.tensor2d([
        [1, 1, 1, 1, 1, 0, 0],
        [1, 0, 1, 1, 1, 1, 1],
      ]);
      const keyMatrix = normal([3, 8], 3);
      const hidden = mask.expandDims(1).expandDims(3);
      const output = ops.linformerAttention(q, k, v, {keyMatrix, mask});
      expect(distance(output, ops.linformerAttention(q, k.mul(hidden), v.mul(hidden), {keyMatrix}))).toBe(0);
      const short = ops.linformerAttention(
        q.slice(0, 1),
        k.slice([0, 0, 0], [1, 2, 5]),
        v.slice([0, 0, 0], [1, 2, 5]),
        {keyMatrix},
      );
      expect(distance(output.slice(0, 1), short)).toBeLessThan(1e-6);
    });
  });
});

const within = (run: () => unknown) => () => tf.tidy(() => void run());

refusals([
  [
    'a sequence beyond the matrix',
    ShapeError,
    within(() => ops.compressSequence(tf.zeros([1, 5, 2]), tf.zeros([3, 4]))),
    /compressSequence: x has 5 positions, but matrix \[3,4\] is for 4 at most; cut them/,
  ],
  [
    'a matrix of heads without heads',
    ShapeError,
    within(() => ops.compressSequence(tf.zeros([1, 5, 2]), tf.zeros([2, 3, 5]))),
    /compressSequence: matrix \[2,3,5\] must be \[slots, positions\]/,
  ],
  [
    'a matrix of other heads',
    ShapeError,
    within(() => ops.compressSequence(tf.zeros([1, 3, 5, 2]), tf.zeros([2, 3, 5]))),
    /compressSequence: matrix \[2,3,5\] must be/,
  ],
  [
    'a matrix that is none',
    ShapeError,
    within(() =>
      ops.linformerAttention(...([0, 1, 2].map(() => tf.zeros([1, 1, 2, 2])) as [tf.Tensor, tf.Tensor, tf.Tensor]), {
        keyMatrix: tf.zeros([2]),
      }),
    ),
    /matrix \[2\] must be/,
  ],
]);
