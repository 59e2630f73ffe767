import * as tf from '@tensorflow/tfjs';
import {scaleSums, type WeightedSums} from './sums';

/** Keys [heads, blocks, keys, N] and values [heads, blocks, keys, D + 1, N] of some positions. */
export type KeysAndValues = {keys: tf.Tensor; values: tf.Tensor};

/** What rows bring to the gradient of their biases. */
export interface RowGradients {
  /** [heads, blocks, rows, N], of the sums over all keys. */
  maximum: tf.Tensor;
  /** [heads, blocks, rows, D + 1, N]: of the sums, relative to that maximum. */
  gradients: tf.Tensor;
}

/** A row's largest bias is left as it is within these bounds: then no digit of a large key is lost by adding it. */
const LARGEST_BIAS = 4;

/** The smallest weight of a bias beside the row's largest: e^-84 is about the least that float32 holds. */
const SMALLEST_BIAS = -84;

/**
 * The sums of rows that all see all of the keys (a square of the matrix of biases), as a product of matrices:
 *
 *     sums = e^(w - s) · (e^(K - m) A),    maximum = m + s
 *
 * with m the largest key of each column and s what of a row's largest bias is beyond {@link LARGEST_BIAS}. Exact for keys
 * of any size; a bias that is some 80 below its row's largest counts as no lower.
 * @param bias [heads, 1 or blocks, rows, keys]
 */
export function squareSums({keys, values}: KeysAndValues, bias: tf.Tensor): WeightedSums {
  const {weights, largest} = keyWeights(keys);
  const {factors, shift} = biasFactors(bias);
  const [heads, blocks, , parts, columns] = values.shape as number[];
  const weighted = flatColumns(scaleSums(values, weights));
  const product = tf.matMul(forAllBlocks(factors, blocks), weighted);
  return {maximum: largest.add(shift), sums: product.reshape([heads, blocks, -1, parts, columns])};
}

/** The sums over all keys without biases, the same for every row: one row for each block. */
export function totalSums({keys, values}: KeysAndValues): WeightedSums {
  const {weights, largest} = keyWeights(keys);
  return {maximum: largest, sums: scaleSums(values, weights).sum(2, true)};
}

/**
 * The gradient of a square's biases, [heads, 1 or blocks, rows, keys] as they are: summed over all columns,
 *
 *     dw[t, t'] = e^(K[t'] + w[t, t'] - maximum[t]) Σ gradients[t] A[t']
 */
export function squareBiasGradient(
  {maximum, gradients}: RowGradients,
  {keys, values}: KeysAndValues,
  bias: tf.Tensor,
): tf.Tensor {
  const {weights, largest} = keyWeights(keys);
  const {factors, shift} = biasFactors(bias);
  const rows = flatColumns(scaleSums(gradients, largest.add(shift).sub(maximum).exp()));
  const products = tf.matMul(rows, flatColumns(scaleSums(values, weights)), false, true);
  const isAlike = bias.shape[1] === 1;
  return factors.mul(isAlike ? products.sum(1, true) : products);
}

/** e^(K - m) and m, the largest key of each column [heads, blocks, 1, N]. */
function keyWeights(keys: tf.Tensor): {weights: tf.Tensor; largest: tf.Tensor} {
  const largest = keys.max(2, true);
  return {weights: keys.sub(largest).exp(), largest};
}

/** e^(w - s) and s [heads, blocks, rows, 1]. */
function biasFactors(bias: tf.Tensor): {factors: tf.Tensor; shift: tf.Tensor} {
  const largest = bias.max(3, true);
  const shift = largest.sub(largest.clipByValue(-LARGEST_BIAS, LARGEST_BIAS));
  return {factors: bias.sub(shift).maximum(SMALLEST_BIAS).exp(), shift};
}

/** Matrices that are alike for all blocks, once for each: a product in batches reads them evenly. */
function forAllBlocks(matrices: tf.Tensor, blocks: number): tf.Tensor {
  return matrices.shape[1] === blocks ? matrices : matrices.tile([1, blocks, 1, 1]);
}

/** [heads, blocks, rows, D + 1, N] as matrices [heads, blocks, rows, (D + 1) N]. */
function flatColumns(x: tf.Tensor): tf.Tensor {
  const [heads, blocks, rows, parts, columns] = x.shape as number[];
  return x.reshape([heads, blocks, rows, parts * columns]);
}
