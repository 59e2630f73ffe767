import * as tf from '@tensorflow/tfjs';
import type {SimdBackend} from '../backend';
import {isNumeric, type NumericType} from '../tensor-data';
import {copyStrided, stridesOf} from './copy';
import {bytesOf, kernel, type SimdKernel} from './kernel';

/** Tensors of one dtype side by side along an axis; `shapes` are how they are seen. */
function join(backend: SimdBackend, tensors: tf.TensorInfo[], shapes: number[][], axis: number): tf.TensorInfo {
  const total = shapes.reduce((sum, shape) => sum + shape[axis], 0);
  const shape = shapes[0].map((length, i) => (i === axis ? total : length));
  const filled = tensors.filter((_, i) => tf.util.sizeFromShape(shapes[i]) > 0);
  if (filled.length === 1) return backend.share(filled[0], shape);
  const output = backend.output(shape, tensors[0].dtype as NumericType);
  const bytes = bytesOf(output.dtype);
  const strides = stridesOf(shape);
  let target = output.address;
  for (const [i, tensor] of tensors.entries()) {
    const from = stridesOf(shapes[i]);
    const axes = shapes[i].map((size, j) => ({size, from: from[j], to: strides[j]}));
    copyStrided(backend, backend.address(tensor), target, axes, bytes);
    target += shapes[i][axis] * strides[axis] * bytes;
  }
  return output;
}

const concat = kernel<tf.TensorInfo[], {axis: number}>('Concat', ({inputs, backend, attrs}) => {
  const [{dtype, shape}] = inputs;
  if (!isNumeric(dtype) || inputs.some((x) => x.dtype !== dtype || x.shape.length === 0))
    return backend.fallback('Concat', inputs, attrs);
  const axis = tf.util.parseAxisParam(attrs.axis, shape)[0];
  const shapes = inputs.map((x) => x.shape);
  tf.backend_util.assertParamsConsistent(shapes, axis);
  return join(backend, inputs, shapes, axis);
});

const pack = kernel<tf.TensorInfo[], {axis: number}>('Pack', ({inputs, backend, attrs}) => {
  const [{dtype, shape}] = inputs;
  if (!isNumeric(dtype) || inputs.some((x) => x.dtype !== dtype || !tf.util.arraysEqual(x.shape, shape)))
    return backend.fallback('Pack', inputs, attrs);
  const axis = attrs.axis < 0 ? attrs.axis + shape.length + 1 : attrs.axis;
  const expanded = [...shape.slice(0, axis), 1, ...shape.slice(axis)];
  return join(
    backend,
    inputs,
    inputs.map(() => expanded),
    axis,
  );
});

/** Kernels that put tensors side by side. */
export const joinKernels: readonly SimdKernel[] = [concat, pack];
