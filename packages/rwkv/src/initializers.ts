import type {Initializer, Random} from '@variants/core';
import {orthonormalColumns} from './orthonormal';

/** A matrix [in, out] with orthonormal rows or columns, whichever are fewer, times the gain. */
export const orthogonal =
  (gain: number): Initializer =>
  ([inputs, outputs], random) =>
    orthonormal(inputs, outputs, random, gain);

/** {@link widening} for a matrix that is kept as [out, in]. */
export const wideningTurned =
  (gain: number): Initializer =>
  ([outputs, inputs], random) =>
    orthonormal(outputs, inputs, random, gain * Math.sqrt(Math.max(1, outputs / inputs)));

/** {@link orthogonal}, and times sqrt(out / in) where a matrix widens. */
export const widening =
  (gain: number): Initializer =>
  ([inputs, outputs], random) =>
    orthonormal(inputs, outputs, random, gain * Math.sqrt(Math.max(1, outputs / inputs)));

/** The value of each feature by its index, the number of features and nothing else. */
export const perFeature =
  (value: (index: number, count: number) => number): Initializer =>
  (shape) => {
    const count = shape.reduce((product, size) => product * size, 1);
    return Float32Array.from({length: count}, (_, index) => value(index, count));
  };

/** Where a block stands among all: the authors' ratio_0_to_1 and ratio_1_to_almost0. */
export interface Depth {
  /** 0 for the first block. Default 0. */
  layerIndex?: number;
  /** Default 1. */
  numLayers?: number;
}

/** From 0 for the first block to 1 for the last. */
export const risingRatio = ({layerIndex = 0, numLayers = 1}: Depth): number => layerIndex / Math.max(1, numLayers - 1);

/** From 1 for the first block down to 1 / numLayers for the last. */
export const fallingRatio = ({layerIndex = 0, numLayers = 1}: Depth): number => 1 - layerIndex / numLayers;

/** Repeats -1, 0, 1, so that neighbouring features do not begin alike. */
export const zigzag = (index: number): number => ((index + 1) % 3) - 1;

/** How decays of versions 5 and 6 begin: from -6, slow, to -1, fast, later the deeper the block is. */
export const initialDecay = (depth: Depth): Initializer =>
  perFeature((i, count) => -6 + 5 * (i / Math.max(1, count - 1)) ** (0.7 + 1.3 * risingRatio(depth)));

/** How the bonus of versions 5 and 6 begins. */
export const initialBonus = (depth: Depth): Initializer =>
  perFeature((i, count) => risingRatio(depth) * (1 - i / Math.max(1, count - 1)) + 0.1 * zigzag(i));

/** [inputs, outputs] row by row. */
function orthonormal(inputs: number, outputs: number, random: Random, scale: number): Float32Array {
  const columns = orthonormalColumns(Math.max(inputs, outputs), Math.min(inputs, outputs), random);
  for (let i = 0; i < columns.length; i++) columns[i] *= scale;
  return inputs < outputs ? turned(columns, outputs, inputs) : columns;
}

/** A matrix [rows, columns] as [columns, rows]. */
function turned(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(matrix.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = matrix[i * columns + j];
  return result;
}
