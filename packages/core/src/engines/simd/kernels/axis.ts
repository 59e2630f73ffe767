import * as tf from '@tensorflow/tfjs';

/** About as many values as a piece has. */
const PIECE = 16384;
/** Columns of a piece. */
const BLOCK = 1024;

/** A tensor as [outer, length, inner] about an axis, and its pieces: some outer indices, or columns of one. */
export interface AxisPieces {
  around: [outer: number, length: number, inner: number];
  block: number;
  group: number;
  pieces: number;
  /** Values of the tensor. */
  size: number;
}

/** Cuts a tensor with values into pieces that have the whole axis each. */
export function piecesAlong(axis: number, shape: number[]): AxisPieces {
  const outer = tf.util.sizeFromShape(shape.slice(0, axis));
  const length = shape[axis];
  const inner = tf.util.sizeFromShape(shape.slice(axis + 1));
  const blocks = Math.ceil(inner / BLOCK);
  const group = blocks === 1 ? Math.ceil(PIECE / (length * inner)) : 1;
  const pieces = Math.ceil(outer / group) * blocks;
  return {around: [outer, length, inner], block: Math.min(inner, BLOCK), group, pieces, size: outer * length * inner};
}
