import * as tf from '@tensorflow/tfjs';
import type {SimdBackend} from '../backend';
import {isNumeric, type NumericType} from '../tensor-data';
import {copyStrided, stridesOf} from './copy';
import {bytesOf, kernel, type SimdKernel} from './kernel';

type Input = {x: tf.TensorInfo};

/**
 * The values of a tensor at `begin`, `begin + steps`, ... along each axis, `size` of them.
 * @param shape Of the result, with as many values as `size`. Default: `size`.
 */
export function part(
  backend: SimdBackend,
  x: tf.TensorInfo,
  begin: number[],
  size: number[],
  {shape = size, steps}: {shape?: number[]; steps?: number[]} = {},
): tf.TensorInfo {
  if (!steps && tf.util.arraysEqual(size, x.shape)) return backend.share(x, shape);
  const output = backend.output(shape, x.dtype as NumericType);
  const [from, to] = [stridesOf(x.shape), stridesOf(size)];
  const first = begin.reduce((sum, index, axis) => sum + index * from[axis], 0);
  const axes = size.map((length, axis) => ({size: length, from: from[axis] * (steps?.[axis] ?? 1), to: to[axis]}));
  const bytes = bytesOf(x.dtype);
  copyStrided(backend, backend.address(x) + bytes * first, output.address, axes, bytes);
  return output;
}

const slice = kernel<Input, {begin: number | number[]; size: number | number[]}>(
  'Slice',
  ({inputs, backend, attrs}) => {
    const {x} = inputs;
    if (!isNumeric(x.dtype)) return backend.fallback('Slice', inputs, attrs);
    const [begin, size] = tf.slice_util.parseSliceParams(x as tf.Tensor, attrs.begin, attrs.size);
    tf.slice_util.assertParamsValid(x as tf.Tensor, begin, size);
    return part(backend, x, begin, size);
  },
);

interface StridedAttributes {
  begin: number[];
  end: number[];
  strides: number[];
  beginMask: number;
  endMask: number;
  ellipsisMask: number;
  newAxisMask: number;
  shrinkAxisMask: number;
}

const stridedSlice = kernel<Input, StridedAttributes>('StridedSlice', ({inputs, backend, attrs}) => {
  const {x} = inputs;
  if (!isNumeric(x.dtype)) return backend.fallback('StridedSlice', inputs, attrs);
  const {begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask} = attrs;
  const masks = [beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask] as const;
  const info = tf.slice_util.sliceInfo(x.shape, begin, end, strides, ...masks);
  if (info.isIdentity) return backend.share(x, info.finalShape);
  // Empty where the end lies before the begin.
  const size = tf.slice_util.computeOutShape(info.begin, info.end, info.strides).map((length) => Math.max(0, length));
  return part(backend, x, info.begin, size, {shape: info.finalShape, steps: info.strides});
});

const unpack = kernel<{value: tf.TensorInfo}, {axis: number}>('Unpack', ({inputs, backend, attrs}) => {
  const {value} = inputs;
  if (!isNumeric(value.dtype)) return backend.fallback('Unpack', inputs, attrs);
  const axis = attrs.axis < 0 ? attrs.axis + value.shape.length : attrs.axis;
  const size = value.shape.map((length, i) => (i === axis ? 1 : length));
  const shape = value.shape.filter((_, i) => i !== axis);
  const begin = value.shape.map(() => 0);
  return Array.from({length: value.shape[axis]}, (_, i) => {
    begin[axis] = i;
    return part(backend, value, begin, size, {shape});
  });
});

const splitV = kernel<Input, {numOrSizeSplits: number[] | number; axis: number}>(
  'SplitV',
  ({inputs, backend, attrs}) => {
    const {x} = inputs;
    if (!isNumeric(x.dtype)) return backend.fallback('SplitV', inputs, attrs);
    const axis = tf.util.parseAxisParam(attrs.axis, x.shape)[0];
    const sizes = tf.backend_util.prepareSplitSize(x as tf.Tensor, attrs.numOrSizeSplits, axis);
    const begin = x.shape.map(() => 0);
    return sizes.map((length) => {
      const size = x.shape.map((whole, i) => (i === axis ? length : whole));
      const output = part(backend, x, begin, size);
      begin[axis] += length;
      return output;
    });
  },
);

const reverse = kernel<Input, {dims: number[]}>('Reverse', ({inputs, backend, attrs}) => {
  const {x} = inputs;
  if (!isNumeric(x.dtype)) return backend.fallback('Reverse', inputs, attrs);
  if (x.shape.length === 0) return backend.share(x, x.shape);
  const reversed = tf.util.parseAxisParam(attrs.dims, x.shape);
  const steps = x.shape.map((_, axis) => (reversed.includes(axis) ? -1 : 1));
  const begin = x.shape.map((length, axis) => (steps[axis] < 0 ? length - 1 : 0));
  return part(backend, x, begin, x.shape, {steps});
});

/** Kernels that take parts of a tensor. */
export const sliceKernels: readonly SimdKernel[] = [slice, stridedSlice, unpack, splitV, reverse];
