import * as tf from '@tensorflow/tfjs';

/** About as many values as a piece has. */
const PIECE = 8192;

/** The last axis of a tensor as rows, and how many of them make a piece. */
export interface Rows {
  rows: number;
  length: number;
  pieceRows: number;
  pieces: number;
}

/** @param most How many pieces there may be. */
export function rowsOf({shape}: tf.TensorInfo, most = Number.POSITIVE_INFINITY): Rows {
  const length = shape[shape.length - 1] ?? 1;
  const rows = length === 0 ? 0 : tf.util.sizeFromShape(shape) / length;
  const pieceRows = Math.max(1, Math.ceil(PIECE / length), Math.ceil(rows / most));
  return {rows, length, pieceRows, pieces: Math.ceil(rows / pieceRows)};
}
