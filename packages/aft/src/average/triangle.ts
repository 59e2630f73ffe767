/**
 * Rows that see the keys up to their own, by squares alone. A triangle of 2h rows is two triangles of h rows, one after the
 * other, and the square in which the later rows see the earlier keys; of an odd number of rows the last one sees all keys.
 * So no maximum is ever taken over a key that some row does not see, whose weight could make all others vanish; and all
 * triangles of a size are computed at once.
 */
import * as tf from '@tensorflow/tfjs';
import {type KeysAndValues, type RowGradients, squareBiasGradient, squareSums} from './square';
import {concatSums, cutBlocks, mergeSums, sliceAxis, sliceSums, type WeightedSums} from './sums';

/** Position biases of blocks [heads, 1 or blocks, rows, keys]. */
export interface BlockBias {
  bias: tf.Tensor;
  /** They depend on the distance of row and key alone and are given for one block, [heads, 1, rows, keys]. */
  isByDistance: boolean;
}

/** The sums of rows over the keys up to their own, in each block alone. */
export function triangleSums(positions: KeysAndValues, {bias, isByDistance}: BlockBias): WeightedSums {
  const [, blocks, size] = positions.keys.shape as number[];
  if (size === 1) return squareSums(positions, bias);
  if (size % 2 === 1) {
    const before = triangleSums(rowsOf(positions, 0, size - 1), {bias: corner(bias, size - 1), isByDistance});
    return concatSums([before, squareSums(positions, sliceAxis(bias, 2, size - 1, 1))], 2);
  }
  const half = size / 2;
  const halves = triangleSums(inBlocks(positions, 2 * blocks, half), halvesOf(bias, isByDistance));
  const joined = {maximum: cutBlocks(halves.maximum, blocks, size), sums: cutBlocks(halves.sums, blocks, size)};
  const square = squareSums(rowsOf(positions, 0, half), squareOf(bias));
  return concatSums([sliceSums(joined, 2, 0, half), mergeSums(sliceSums(joined, 2, half, half), square)], 2);
}

/** The gradient of the biases, in their shape. */
export function triangleBiasGradient(
  rows: RowGradients,
  positions: KeysAndValues,
  {bias, isByDistance}: BlockBias,
): tf.Tensor {
  const [, blocks, size] = positions.keys.shape as number[];
  if (size === 1) return squareBiasGradient(rows, positions, bias);
  if (size % 2 === 1) {
    const before = triangleBiasGradient(gradientRows(rows, 0, size - 1), rowsOf(positions, 0, size - 1), {
      bias: corner(bias, size - 1),
      isByDistance,
    });
    const last = squareBiasGradient(gradientRows(rows, size - 1, 1), positions, sliceAxis(bias, 2, size - 1, 1));
    return tf.concat([padColumns(before, 0, 1), last], 2);
  }
  const half = size / 2;
  const halves = triangleBiasGradient(
    {
      maximum: cutBlocks(rows.maximum, 2 * blocks, half),
      gradients: cutBlocks(rows.gradients, 2 * blocks, half),
    },
    inBlocks(positions, 2 * blocks, half),
    halvesOf(bias, isByDistance),
  );
  const square = squareBiasGradient(gradientRows(rows, half, half), rowsOf(positions, 0, half), squareOf(bias));
  // By distance, both halves have read the biases of the first.
  if (isByDistance) return tf.concat([padColumns(halves, 0, half), padColumns(square, 0, half)], 2);
  const [first, second] = tf.split(halves.reshape([bias.shape[0], blocks, 2 * half, half]), 2, 2);
  return tf.concat([padColumns(first, 0, half), tf.concat([square, second], 3)], 2);
}

/** The biases of both halves, as blocks of their own. */
function halvesOf(bias: tf.Tensor, isByDistance: boolean): BlockBias {
  const [heads, blocks, size] = bias.shape as number[];
  const half = size / 2;
  const first = corner(bias, half);
  if (isByDistance) return {bias: first, isByDistance};
  const second = bias.slice([0, 0, half, half], [heads, blocks, half, half]);
  return {bias: tf.stack([first, second], 2).reshape([heads, 2 * blocks, half, half]), isByDistance};
}

/** The biases of the later half of the rows for the earlier half of the keys. */
function squareOf(bias: tf.Tensor): tf.Tensor {
  const [heads, blocks, size] = bias.shape as number[];
  return bias.slice([0, 0, size / 2, 0], [heads, blocks, size / 2, size / 2]);
}

function corner(bias: tf.Tensor, size: number): tf.Tensor {
  return bias.slice([0, 0, 0, 0], [bias.shape[0], bias.shape[1] as number, size, size]);
}

function padColumns(x: tf.Tensor, before: number, after: number): tf.Tensor {
  return x.pad([
    [0, 0],
    [0, 0],
    [0, 0],
    [before, after],
  ]);
}

function rowsOf({keys, values}: KeysAndValues, begin: number, size: number): KeysAndValues {
  return {keys: sliceAxis(keys, 2, begin, size), values: sliceAxis(values, 2, begin, size)};
}

function gradientRows({maximum, gradients}: RowGradients, begin: number, size: number): RowGradients {
  return {maximum: sliceAxis(maximum, 2, begin, size), gradients: sliceAxis(gradients, 2, begin, size)};
}

function inBlocks({keys, values}: KeysAndValues, blocks: number, rows: number): KeysAndValues {
  return {keys: cutBlocks(keys, blocks, rows), values: cutBlocks(values, blocks, rows)};
}
