import type {Initializer, Random} from '@variants/core';

/** A matrix [in, out] with orthonormal rows or columns, whichever are fewer, times the gain. */
export const orthogonal =
  (gain: number): Initializer =>
  ([inputs, outputs], random) =>
    orthonormal(inputs, outputs, random, gain);

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

/** By Gram and Schmidt's method from normal numbers, in double precision; [inputs, outputs] row by row. */
function orthonormal(inputs: number, outputs: number, random: Random, scale: number): Float32Array {
  const [count, length] = inputs < outputs ? [inputs, outputs] : [outputs, inputs];
  const vectors: Float64Array[] = [];
  for (let i = 0; i < count; i++) {
    const vector = Float64Array.from({length}, () => random.normal());
    for (const other of vectors) addScaled(vector, other, -dot(vector, other));
    const norm = Math.sqrt(dot(vector, vector));
    for (let j = 0; j < length; j++) vector[j] /= norm;
    vectors.push(vector);
  }
  const matrix = new Float32Array(inputs * outputs);
  const [stepOfVector, step] = inputs < outputs ? [outputs, 1] : [1, outputs];
  vectors.forEach((vector, i) => {
    for (let j = 0; j < length; j++) matrix[i * stepOfVector + j * step] = scale * vector[j];
  });
  return matrix;
}

function dot(a: Float64Array, b: Float64Array): number {
  let [even, odd] = [0, 0];
  let j = 0;
  for (; j + 1 < a.length; j += 2) {
    even += a[j] * b[j];
    odd += a[j + 1] * b[j + 1];
  }
  return j < a.length ? even + odd + a[j] * b[j] : even + odd;
}

function addScaled(to: Float64Array, x: Float64Array, factor: number): void {
  for (let j = 0; j < to.length; j++) to[j] += factor * x[j];
}
