/**
 * The sums that every average of AFT is made of, kept relative to a maximum so that no exponential overflows. Terms, here
 * and in the files beside:
 *
 *     K       keys [heads, blocks, rows, N]; a head's key at a position. Where all channels share the position biases, each
 *             channel is a column: N = batch · channels, one head. In AFT-conv N = batch.
 *     A       values [heads, blocks, rows, D + 1, N], the last of the D + 1 ones: its sums are the denominators
 *     w       position biases [heads, blocks, rows, keys]; 1 block, or 1 head, stands for all
 *     sums    Σ e^(K[t'] + w[t, t'] - maximum[t]) A[t'], for a row t over some keys t'
 */
import * as tf from '@tensorflow/tfjs';

/** Sums of rows over some of their keys. Two sets of keys are put together by {@link mergeSums}. */
export type WeightedSums = {
  /** [heads, blocks, rows, N]: about the logarithm of the largest weight. */
  maximum: tf.Tensor;
  /** [heads, blocks, rows, D + 1, N], to be multiplied with e^maximum. */
  sums: tf.Tensor;
};

/** A key that no other has any weight beside, and finite: -infinity would give NaN where it meets itself. */
export const lowestKey = -1e38;

/** The sums over no keys, for `rows` rows of each of `blocks` blocks. */
export function emptySums([heads, , , parts, columns]: readonly number[], blocks = 1, rows = 1): WeightedSums {
  return {
    maximum: tf.fill([heads, blocks, rows, columns], lowestKey),
    sums: tf.zeros([heads, blocks, rows, parts, columns]),
  };
}

/** The sums over the keys of both. Shapes broadcast. */
export function mergeSums(a: WeightedSums, b: WeightedSums): WeightedSums {
  const maximum = tf.maximum(a.maximum, b.maximum);
  const scaled = ({maximum: own, sums}: WeightedSums) => scaleSums(sums, own.sub(maximum).exp());
  return {maximum, sums: scaled(a).add(scaled(b))};
}

/** Sums or values [..., D + 1, N] times factors [..., N]. */
export function scaleSums(sums: tf.Tensor, factors: tf.Tensor): tf.Tensor {
  return sums.mul(factors.expandDims(-2));
}

/** The averages [..., D, N] that sums are, and what they were divided by, [..., 1, N]. */
export function averageOf({sums}: WeightedSums): {average: tf.Tensor; denominator: tf.Tensor} {
  const parts = sums.shape[sums.rank - 2] as number;
  const [numerator, denominator] = tf.split(sums, [parts - 1, 1], -2);
  return {average: numerator.div(denominator), denominator};
}

/** Blocks or rows of both tensors from `begin` on along an axis; 1 are blocks, 2 rows. */
export function sliceSums({maximum, sums}: WeightedSums, axis: 1 | 2, begin: number, size: number): WeightedSums {
  return {maximum: sliceAxis(maximum, axis, begin, size), sums: sliceAxis(sums, axis, begin, size)};
}

/** Blocks or rows one after the other. */
export function concatSums(parts: readonly WeightedSums[], axis: 1 | 2): WeightedSums {
  return {
    maximum: tf.concat(
      parts.map(({maximum}) => maximum),
      axis,
    ),
    sums: tf.concat(
      parts.map(({sums}) => sums),
      axis,
    ),
  };
}

/** A part of x along one axis. */
export function sliceAxis(x: tf.Tensor, axis: number, begin: number, size: number): tf.Tensor {
  if (begin === 0 && size === x.shape[axis]) return x;
  return x.slice(new Array(x.rank).fill(0).with(axis, begin), x.shape.with(axis, size));
}

/** x with other lengths of the two axes that count blocks and rows. */
export function cutBlocks(x: tf.Tensor, blocks: number, rows: number): tf.Tensor {
  const [heads, , , ...rest] = x.shape;
  return x.reshape([heads, blocks, rows, ...rest]);
}
