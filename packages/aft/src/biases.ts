/**
 * Biases w[t, t'] of pairs of positions: a matrix [positions, positions], row the query's position t, or the product of two
 * factors, w = u vᵀ.
 */
import * as tf from '@tensorflow/tfjs';
import {embeddingLookup, streamPositions} from '@variants/core';
import type {Blocks} from './average/visible-keys';

/** Factors u and v [positions, factors] of position biases u vᵀ. */
export interface BiasFactors {
  /** u, of the queries' positions. */
  rows: tf.Tensor;
  /** v, of the keys' positions. */
  columns: tf.Tensor;
}

/** Position biases: a matrix [positions, positions], or its factors. */
export type PositionBias = tf.Tensor | BiasFactors;

/** Positions on the device, [count] int32, or the first `count`. */
type Positions = number | tf.Tensor1D;

/** The biases of some rows for some columns, as a PositionBias of those alone. */
export function biasAt(bias: PositionBias, rows: Positions, columns: Positions): PositionBias {
  if (!(bias instanceof tf.Tensor)) return {rows: rowsAt(bias.rows, rows), columns: rowsAt(bias.columns, columns)};
  return rowsAt(rowsAt(bias, rows).transpose(), columns).transpose();
}

/** The rows of a table for some positions. */
function rowsAt(table: tf.Tensor, positions: Positions): tf.Tensor {
  if (typeof positions !== 'number') return embeddingLookup(table, positions);
  return positions === table.shape[0] ? table : table.slice([0, 0], [positions, table.shape[1] as number]);
}

/** The biases as a matrix [rows, columns]. */
export function biasMatrix(bias: PositionBias): tf.Tensor {
  return bias instanceof tf.Tensor ? bias : tf.matMul(bias.rows, bias.columns, false, true);
}

/** Numbers of rows and columns. */
export function biasShape(bias: PositionBias): number[] {
  return bias instanceof tf.Tensor ? bias.shape : [bias.rows.shape[0], bias.columns.shape[0]];
}

/** The positions of a piece of a stream that begins at `start`; null at the first. */
export function piecePositions(time: number, start: tf.Tensor | null): Positions {
  const positions = streamPositions(time, start);
  return positions instanceof tf.Tensor ? positions : time;
}

/** The `count` positions before a piece, [count] int32. Those that would be before the first are position 0. */
export function positionsBefore(count: number, start: tf.Tensor | null): tf.Tensor1D {
  const back = tf.range(-count, 0, 1, 'int32');
  const positions = start ? back.add(start.reshape([1])) : back;
  return positions.maximum(tf.scalar(0, 'int32')) as tf.Tensor1D;
}

/**
 * The biases of rows for the keys of a window that ends before the first row, 0 outside of the window, [1, 1, rows, keys].
 * @param bias Of those rows and those keys.
 */
export function windowBias(bias: PositionBias, windowSize: number): tf.Tensor {
  const matrix = biasMatrix(bias);
  const [rows, keys] = matrix.shape as number[];
  return inWindow(matrix, windowMask(rows, keys, -keys, windowSize)).reshape([1, 1, rows, keys]);
}

/**
 * The biases of each pair of blocks that are so near that a window reaches from one to the other, 0 outside of the window
 * |t - t'| < size: one tensor [1, pairs, rows, keys] for each offset. Of factors, no other pair is ever computed.
 * @param bias Of as many positions as the sequence has.
 */
export function windowBiasBlocks(bias: PositionBias, windowSize: number, {count, size, offsets}: Blocks): tf.Tensor[] {
  const blocks = bias instanceof tf.Tensor ? matrixBlocks(bias, count, size) : factorBlocks(bias, count, size);
  return offsets.map((offset) =>
    inWindow(blocks(offset), windowMask(size, size, offset * size, windowSize)).expandDims(0),
  );
}

/** Biases [..., rows, keys] where the mask is 1, else 0; no product, as those outside may be infinite. */
const inWindow = (biases: tf.Tensor, mask: tf.Tensor) =>
  tf.where(tf.broadcastTo(mask, biases.shape).toBool(), biases, tf.zerosLike(biases));

/**
 * 1 where a row and a key are less than `windowSize` apart, else 0, [rows, keys].
 * @param start The position of the first key, that of the first row being 0.
 */
function windowMask(rows: number, keys: number, start: number, windowSize: number): tf.Tensor {
  const isNear = (i: number) => Math.abs(Math.floor(i / keys) - start - (i % keys)) < windowSize;
  return tf.tensor2d(
    Float32Array.from({length: rows * keys}, (_, i) => (isNear(i) ? 1 : 0)),
    [rows, keys],
  );
}

/** Makes the pairs of blocks at an offset, [pairs, rows, keys]. */
type BlocksAt = (offset: number) => tf.Tensor;

function factorBlocks({rows, columns}: BiasFactors, count: number, size: number): BlocksAt {
  const [u, v] = [rows, columns].map((x) => padRows(x, count * size).reshape([count, size, -1]));
  const part = (x: tf.Tensor, begin: number, pairs: number) =>
    x.slice([begin, 0, 0], [pairs, size, x.shape[2] as number]);
  return (offset) => {
    const pairs = count - Math.abs(offset);
    return tf.matMul(part(u, Math.max(0, -offset), pairs), part(v, Math.max(0, offset), pairs), false, true);
  };
}

function matrixBlocks(matrix: tf.Tensor, count: number, size: number): BlocksAt {
  const missing = count * size - (matrix.shape[0] as number);
  const padded = matrix.pad([
    [0, missing],
    [0, missing],
  ]);
  const blocks = padded.reshape([count, size, count, size]).transpose([0, 2, 1, 3]).reshape([-1, size, size]);
  return (offset) => {
    const first = Math.max(0, -offset);
    const numbers = Array.from({length: count - Math.abs(offset)}, (_, i) => (first + i) * (count + 1) + offset);
    return tf.gather(blocks, tf.tensor1d(numbers, 'int32'));
  };
}

function padRows(x: tf.Tensor, rows: number): tf.Tensor {
  const missing = rows - (x.shape[0] as number);
  return missing === 0
    ? x
    : x.pad([
        [0, missing],
        [0, 0],
      ]);
}
