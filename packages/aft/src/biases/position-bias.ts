/**
 * Biases w[t, t'] of pairs of positions: a matrix [positions, positions], row the query's position t, or the product of two
 * factors, w = u vᵀ.
 */
import * as tf from '@tensorflow/tfjs';
import {embeddingLookup, streamPositions} from '@variants/core';

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
export type Positions = number | tf.Tensor1D;

/** The rows of a table for some positions. */
function rowsAt(table: tf.Tensor, positions: Positions): tf.Tensor {
  if (typeof positions !== 'number') return embeddingLookup(table, positions);
  return positions === table.shape[0] ? table : table.slice([0, 0], [positions, table.shape[1] as number]);
}

/** The biases of some rows for some columns, as a PositionBias of those alone. */
export function biasAt(bias: PositionBias, rows: Positions, columns: Positions): PositionBias {
  if (!(bias instanceof tf.Tensor)) return {rows: rowsAt(bias.rows, rows), columns: rowsAt(bias.columns, columns)};
  return rowsAt(rowsAt(bias, rows).transpose(), columns).transpose();
}

/** The biases as a matrix [rows, columns]. */
export function biasMatrix(bias: PositionBias): tf.Tensor {
  return bias instanceof tf.Tensor ? bias : tf.matMul(bias.rows, bias.columns, false, true);
}

/** Numbers of rows and columns. */
export function biasShape(bias: PositionBias): number[] {
  return bias instanceof tf.Tensor ? bias.shape : [bias.rows.shape[0], bias.columns.shape[0]];
}

/** The positions of a piece of a stream that begins at `start`, for the functions here. */
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
