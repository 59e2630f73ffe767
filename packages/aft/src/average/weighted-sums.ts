/**
 * The sums that every average of AFT is made of. What has a weight e^K is kept with its exponent apart, and added relative to
 * a maximum, so that no exponential overflows. All exponentials of AFT are taken here. Terms, here and in the files beside:
 *
 *     K         keys [heads, blocks, rows, N]; a head's key at a position. Where all channels share the position biases, each
 *               channel is a column: N = batch · channels, one head. In AFT-conv N = batch.
 *     A         values [heads, blocks, rows, D + 1, N], the last of the D + 1 ones: its sums are the denominators
 *     w         position biases [heads, blocks, rows, keys]; 1 block, or 1 head, stands for all
 *     X         terms e^K A of positions
 *     e^w X     sums Σ_t' e^w[t, t'] X[t'] of a row t, over some keys t'
 */
import * as tf from '@tensorflow/tfjs';
import {pairBiasGradient, pairSums} from './pair-sums';
import {lowestKey, type Weighted} from './weighted';

/** A row's largest bias is left as it is within these bounds: then no digit of a large key is lost by adding it. */
const LARGEST_BIAS = 4;

/** The values that x has beside another exponent: x = e^exponent · values. */
export function valuesBeside(x: Weighted, exponent: tf.Tensor): tf.Tensor {
  return x.values.mul(x.exponent.sub(exponent).exp().expandDims(-2));
}

/** a + b. Shapes broadcast. */
export function addWeighted(a: Weighted, b: Weighted): Weighted {
  const exponent = tf.maximum(a.exponent, b.exponent);
  return {exponent, values: valuesBeside(a, exponent).add(valuesBeside(b, exponent))};
}

/**
 * e^w X, the sums of rows that all see all of the keys (a square of the matrix of biases), as a product of matrices:
 *
 *     e^w X = e^(m + s) · e^(w - s) (e^(K - m) A)
 *
 * with m the largest key of each column and s what of a row's largest bias is beyond {@link LARGEST_BIAS}. That is exact as
 * long as either the keys of a column or the biases of a row lie within some 60 of each other, as then no row loses its largest
 * weight; where both do not, and for a single row, each pair is weighed for itself (pair-sums.ts). A bias of -infinity is no
 * weight at all; a row of nothing else has sums of 0.
 * @param bias w [heads, 1 or blocks, rows, keys]
 * @param isWide Whether both reach further than that.
 */
export function squareSums(terms: Weighted, bias: tf.Tensor, isWide: boolean): Weighted {
  if (isWide || bias.shape[2] === 1) return pairSums(terms, bias);
  const largest = largestKey(terms);
  const {factors, shift} = biasFactors(bias);
  const [heads, blocks, , parts, columns] = terms.values.shape as number[];
  const product = tf.matMul(forAllBlocks(factors, blocks), flatColumns(valuesBeside(terms, largest)));
  const exponent = largest.add(shift).maximum(lowestKey);
  return {exponent, values: product.reshape([heads, blocks, -1, parts, columns])};
}

/** The sums over all keys without biases, the same for every row: one row for each block. */
export function totalSums(terms: Weighted): Weighted {
  const largest = largestKey(terms);
  return {exponent: largest, values: valuesBeside(terms, largest).sum(2, true)};
}

/**
 * The gradient of a square's biases, [heads, 1 or blocks, rows, keys] as they are: summed over all columns,
 *
 *     dw[t, t'] = e^w[t, t'] G[t] · X[t']
 *
 * @param gradients G, of the rows' sums.
 */
export function squareBiasGradient(gradients: Weighted, terms: Weighted, bias: tf.Tensor, isWide: boolean): tf.Tensor {
  if (isWide) return pairBiasGradient(gradients, terms, bias);
  const largest = largestKey(terms);
  const {factors, shift} = biasFactors(bias);
  const rows = flatColumns(valuesBeside(gradients, largest.add(shift).neg()));
  const products = tf.matMul(rows, flatColumns(valuesBeside(terms, largest)), false, true);
  const isAlike = bias.shape[1] === 1;
  return factors.mul(isAlike ? products.sum(1, true) : products);
}

/** m, the largest key of each column [heads, blocks, 1, N]. */
const largestKey = ({exponent}: Weighted) => exponent.max(2, true);

/** e^(w - s) and s [heads, blocks, rows, 1]. */
function biasFactors(bias: tf.Tensor): {factors: tf.Tensor; shift: tf.Tensor} {
  const largest = bias.max(3, true).maximum(lowestKey);
  const shift = largest.sub(largest.clipByValue(-LARGEST_BIAS, LARGEST_BIAS));
  return {factors: bias.sub(shift).exp(), shift};
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

/** The averages [..., D, N] that sums are, and their denominators, [..., 1, N], 0 where a row sees nothing. */
export function averageOf({values}: Weighted): {average: tf.Tensor; denominator: tf.Tensor} {
  const parts = values.shape[values.rank - 2] as number;
  const [numerator, denominator] = tf.split(values, [parts - 1, 1], -2);
  return {average: numerator.div(denominatorOrOne(denominator)), denominator};
}

/** What to divide by: 1 where a row sees nothing, so that its average is 0. */
export const denominatorOrOne = (denominator: tf.Tensor): tf.Tensor => denominator.add(denominator.equal(0).toFloat());

/** Values [heads, time, D, N] with the ones that count weights. */
export function withOnes(values: tf.Tensor): tf.Tensor {
  return tf.concat([values, tf.ones(values.shape.with(2, 1))], 2);
}

/** Values [heads, time, D + 1, N] without those ones. */
export function withoutOnes(values: tf.Tensor): tf.Tensor {
  return sliceAxis(values, 2, 0, (values.shape[2] as number) - 1);
}

/** The sums over no keys, for `rows` rows of each of `blocks` blocks, of values of that shape. */
export function emptySums([heads, , , parts, columns]: readonly number[], blocks = 1, rows = 1): Weighted {
  return {
    exponent: tf.fill([heads, blocks, rows, columns], lowestKey),
    values: tf.zeros([heads, blocks, rows, parts, columns]),
  };
}

/** The same done to both tensors, whose leading axes are alike. */
export function onBoth({exponent, values}: Weighted, change: (x: tf.Tensor) => tf.Tensor): Weighted {
  return {exponent: change(exponent), values: change(values)};
}

/** A part along an axis: in blocks, 1 are the blocks and 2 the rows of each. */
export function sliceWeighted(x: Weighted, axis: 1 | 2, begin: number, size: number): Weighted {
  return onBoth(x, (tensor) => sliceAxis(tensor, axis, begin, size));
}

/** Parts one after the other along such an axis. */
export function concatWeighted(parts: readonly Weighted[], axis: 1 | 2): Weighted {
  const joined = (key: keyof Weighted) =>
    tf.concat(
      parts.map((part) => part[key]),
      axis,
    );
  return {exponent: joined('exponent'), values: joined('values')};
}

/** A part of x along one axis. */
export function sliceAxis(x: tf.Tensor, axis: number, begin: number, size: number): tf.Tensor {
  if (begin === 0 && size === x.shape[axis]) return x;
  return x.slice(new Array(x.rank).fill(0).with(axis, begin), x.shape.with(axis, size));
}
