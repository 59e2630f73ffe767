import * as tf from '@tensorflow/tfjs';
import {
  fields,
  requireArgument,
  requireGiven,
  requireOptionalTensors,
  requireTensors,
  ShapeError,
} from '@variants/core';

/*
 * Glossary, with the paper's symbols: n positions at most, of which a sequence has T; k slots that are left of them;
 * E and F [k, n], the matrices that compress keys and values along the sequence.
 */

/**
 * The compression of Linformer (Wang et al. 2020, equation 7), slot j being a weighted sum over the positions:
 *
 *     y = E[:, :T] x
 *
 * A sequence that is shorter than the matrix takes its first columns, as one whose other positions are 0.
 * @param x [batch, time, features], or in heads [batch, heads, time, features]
 * @param matrix E [slots, positions], alike for all heads, or of each head [heads, slots, positions]; positions >= time
 * @returns [batch, slots, features], or in heads [batch, heads, slots, features]
 * @throws ShapeError when the shapes do not go together, or x is longer than the matrix.
 */
export function compressSequence(x: tf.Tensor, matrix: tf.Tensor): tf.Tensor {
  requireTensors('compressSequence', {x, matrix});
  checkMatrix(x, matrix);
  return tf.tidy(() => {
    const time = x.shape[x.rank - 2] as number;
    const positions = matrix.shape[matrix.rank - 1] as number;
    const begin = matrix.shape.map(() => 0);
    const used = time === positions ? matrix : matrix.slice(begin, [...matrix.shape.slice(0, -1), time]);
    return product(used, x);
  });
}

function checkMatrix(x: tf.Tensor, matrix: tf.Tensor): void {
  const inHeads = x.rank === 4;
  const fits = (inHeads || x.rank === 3) && (matrix.rank === 2 || (inHeads && matrix.rank === 3));
  if (!fits || (matrix.rank === 3 && matrix.shape[0] !== x.shape[1]))
    throw new ShapeError(
      `compressSequence: matrix [${matrix.shape}] must be [slots, positions], or [heads, slots, positions] for x [batch, heads, time, features], but x is [${x.shape}]`,
    );
  const [time, positions] = [x.shape[x.rank - 2] as number, matrix.shape[matrix.rank - 1] as number];
  if (time > positions)
    throw new ShapeError(
      `compressSequence: x has ${time} positions, but matrix [${matrix.shape}] is for ${positions} at most; cut them`,
    );
}

/**
 * E x for every row of a batch, E being the same: tfjs's own gradient of a product of a matrix with a batch has the matrix's
 * gradient of each row, [batch, slots, time], where their sum is one product over all features of the batch.
 */
const product = (matrix: tf.Tensor, x: tf.Tensor): tf.Tensor =>
  tf.customGrad((...args) => {
    const [E, x, save] = args as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    save([E, x]);
    const over = (E: tf.Tensor) => E.reshape([...Array(x.rank - E.rank).fill(1), ...E.shape]);
    return {
      value: tf.matMul(over(E), x),
      gradFunc: (dy: tf.Tensor, [E, x]: tf.Tensor[]) => [
        rowsTogether(dy, E.rank).matMul(rowsTogether(x, E.rank), false, true),
        tf.matMul(over(E), dy, true),
      ],
    };
  })(matrix, x);

/** x [batch, ..., time, features] as [time, batch · ... · features] or, of a rank of 3, [heads, time, batch · features]. */
function rowsTogether(x: tf.Tensor, rank: number): tf.Tensor {
  const [axes, kept] = [x.shape.map((_, axis) => axis), rank - 1];
  const inside = axes.slice(x.rank - 1 - kept, -1);
  const order = [...inside, ...axes.slice(0, x.rank - 1 - kept), x.rank - 1];
  return x.transpose(order).reshape([...inside.map((axis) => x.shape[axis] as number), -1]);
}

/** What a window of positions becomes where nothing of it is learned: their mean, or the largest value of each feature. */
export type WindowPooling = 'mean' | 'max';

const windowPoolings = ['mean', 'max'] as const;

/** Options of {@link poolWindows}. */
export interface PoolWindowsOptions {
  /** Positions of a window. */
  size: number;
  /** Default 'mean'. */
  pooling?: WindowPooling;
  /** [batch, time], 1 = a token, 0 = padding that does not count. Default: all are tokens. */
  mask?: tf.Tensor;
}

/** What is left of a sequence, and of its mask. */
export interface PooledWindows {
  /** [..., windows, features] */
  output: tf.Tensor;
  /** [batch or 1, windows], 1 where there is a token in the window. */
  mask: tf.Tensor;
}

/**
 * Compresses each window of `size` positions to one, by what is there of it: the last may be partly filled, and one without
 * any token gives 0.
 * @param x [batch, time, features], or in heads [batch, heads, time, features]
 * @throws ConfigError when size is no such number or pooling none of those there are.
 * @throws ShapeError when x or the mask has another shape.
 */
export function poolWindows(x: tf.Tensor, options: PoolWindowsOptions): PooledWindows {
  requireTensors('poolWindows', {x});
  requireGiven('poolWindows', options, ['size', 'pooling', 'mask']);
  const {size, pooling = 'mean', mask} = options;
  const [count, name] = [fields.count(), fields.choice(windowPoolings)];
  requireArgument('poolWindows', 'size', size, count.accepts(size), count.allowed);
  requireArgument('poolWindows', 'pooling', pooling, name.accepts(pooling), name.allowed);
  requireOptionalTensors('poolWindows', {mask});
  checkPooled(x, mask);
  return tf.tidy(() => {
    const time = x.shape[x.rank - 2] as number;
    const windows = Math.ceil(time / size);
    const present = inWindows((mask ?? tf.ones([1, time])).toFloat().expandDims(2), windows, size);
    // [batch, (heads,) windows, size, 1]
    const there = x.rank === 4 ? present.expandDims(1) : present;
    const values = inWindows(x, windows, size);
    const filled = present.max([2, 3]);
    if (pooling === 'mean') {
      const output = values.mul(there).sum(-2).div(there.sum(-2).maximum(1));
      return {output, mask: filled};
    }
    const largest = values.add(there.sub(1).mul(1e30)).max(-2);
    return {output: largest.mul(there.max(-2)), mask: filled};
  });
}

function checkPooled(x: tf.Tensor, mask?: tf.Tensor): void {
  if ((x.rank !== 3 && x.rank !== 4) || x.size === 0)
    throw new ShapeError(
      `poolWindows: x [${x.shape}] must be [batch, time, features] or [batch, heads, time, features], each at least 1`,
    );
  const wanted = `${x.shape[0]},${x.shape[x.rank - 2]}`;
  if (mask && mask.shape.join() !== wanted)
    throw new ShapeError(`poolWindows: mask [${mask.shape}] must have the shape [batch, time] of x, [${wanted}]`);
}

/** x [..., time, features] as [..., windows, size, features], what is missing at the end being 0. */
function inWindows(x: tf.Tensor, windows: number, size: number): tf.Tensor {
  const [time, features] = x.shape.slice(-2) as [number, number];
  const before = x.shape.slice(0, -2);
  const none = before.map((): [number, number] => [0, 0]);
  const kept = Math.min(time, windows * size);
  const cut =
    kept < time
      ? x.slice(
          x.shape.map(() => 0),
          [...before, kept, features],
        )
      : x;
  const full = kept < windows * size ? tf.pad(cut, [...none, [0, windows * size - kept], [0, 0]]) : cut;
  return full.reshape([...before, windows, size, features]);
}

/**
 * Compresses each window of positions to one by a convolution whose stride is its width, of any number of windows: what is
 * missing of x counts as 0, what is behind them is not looked at.
 *
 *     y_j = Σ_i W[:, :, i] x_{j r + i} + b
 *
 * @param x In heads, [batch, heads, time, features]
 * @param kernel W [out, in, r] alike for all heads, or of each head [heads, out, in, r]
 * @param bias [out], or [heads, out]
 * @param windows How many there are.
 * @returns [batch, heads, windows, out]
 * @throws ShapeError when the shapes do not go together.
 * @throws ConfigError when windows is no such number.
 */
export function convolveWindows(x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor | null, windows: number): tf.Tensor {
  requireTensors('convolveWindows', {x, kernel});
  requireOptionalTensors('convolveWindows', {bias});
  const count = fields.count();
  requireArgument('convolveWindows', 'windows', windows, count.accepts(windows), count.allowed);
  checkConvolved(x, kernel, bias);
  return tf.tidy(() => {
    const [out, features, size] = kernel.shape.slice(-3) as [number, number, number];
    const [batch, heads] = x.shape as number[];
    const rows = inWindows(x, windows, size).reshape([batch, heads, windows, size * features]);
    const places = kernel.shape.map((_, axis) => axis);
    // [.., r · in, out], as the features of a window's positions lie one after the other.
    const turned = kernel.transpose([...places.slice(0, -3), ...[-1, -2, -3].map((axis) => kernel.rank + axis)]);
    const matrix = turned.reshape([...kernel.shape.slice(0, -3), size * features, out]);
    const y =
      matrix.rank === 2
        ? tf.matMul(rows.reshape([-1, size * features]), matrix).reshape([batch, heads, windows, out])
        : byHeads(rows, matrix);
    return bias ? y.add(bias.rank === 2 ? bias.expandDims(1) : bias) : y;
  });
}

function checkConvolved(x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor | null): void {
  const [, heads, , features] = x.shape;
  const [out, inputs] = kernel.shape.slice(-3);
  const ofHeads = kernel.rank === 4 ? [kernel.shape[0]] : [];
  if (x.rank !== 4 || x.size === 0 || kernel.rank < 3 || kernel.rank > 4 || inputs !== features || kernel.size === 0)
    throw new ShapeError(
      `convolveWindows: kernel [${kernel.shape}] must be [out, features, size] or [heads, out, features, size] for x [batch, heads, time, features], but x is [${x.shape}]`,
    );
  if (ofHeads.length === 1 && ofHeads[0] !== heads)
    throw new ShapeError(
      `convolveWindows: kernel [${kernel.shape}] must begin with the ${heads} heads of x [${x.shape}]`,
    );
  const wanted = [...ofHeads, out].join();
  if (bias && bias.shape.join() !== wanted)
    throw new ShapeError(
      `convolveWindows: bias [${bias.shape}] must have the shape [${wanted}] of the kernel's outputs`,
    );
}

/** The product of each head's rows [batch, heads, rows, in] with its matrix [heads, in, out]. */
function byHeads(rows: tf.Tensor, matrix: tf.Tensor): tf.Tensor {
  const [batch, heads, count, inputs] = rows.shape as number[];
  const together = rows.transpose([1, 0, 2, 3]).reshape([heads, batch * count, inputs]);
  return tf.matMul(together, matrix).reshape([heads, batch, count, -1]).transpose([1, 0, 2, 3]);
}
