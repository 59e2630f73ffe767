import * as tf from '@tensorflow/tfjs';
import type {SimdBackend} from '../backend';
import {kernel, type SimdKernel} from './kernel';

/** The same values under another shape. */
export function reshape(backend: SimdBackend, x: tf.TensorInfo, shape: number[]): tf.TensorInfo {
  // The parts of a complex tensor have shapes of their own.
  const {complexTensorInfos: parts} = backend.data.get(x.dataId);
  if (parts) for (const part of [parts.real, parts.imag]) part.shape = shape;
  return backend.share(x, shape);
}

const reshapeKernel = kernel<{x: tf.TensorInfo}, {shape: number[]}>('Reshape', ({inputs: {x}, backend, attrs}) => {
  const size = tf.util.sizeFromShape(x.shape);
  const shape = tf.util.inferFromImplicitShape(attrs.shape, size);
  const newSize = tf.util.sizeFromShape(shape);
  tf.util.assert(
    size === newSize,
    () =>
      `The new shape (${shape}) has ${newSize} elements and the old shape (${x.shape}) has ${size} elements. The new shape and old shape must have the same number of elements.`,
  );
  return reshape(backend, x, shape);
});

const expandDims = kernel<{input: tf.TensorInfo}, {dim: number}>('ExpandDims', ({inputs: {input}, backend, attrs}) => {
  const rank = input.shape.length;
  tf.util.assert(attrs.dim >= -(rank + 1), () => `Axis must be in the interval [${-(rank + 1)}, ${rank}]`);
  const axis = attrs.dim < 0 ? rank + attrs.dim + 1 : attrs.dim;
  return reshape(backend, input, [...input.shape.slice(0, axis), 1, ...input.shape.slice(axis)]);
});

const identity = kernel<{x: tf.TensorInfo}, object>('Identity', ({inputs: {x}, backend}) => backend.share(x, x.shape));

/** Kernels that copy nothing. */
export const viewKernels: readonly SimdKernel[] = [reshapeKernel, expandDims, identity];
