import * as tf from '@tensorflow/tfjs';
import type {NumericType, SimdBackend} from '../backend';
import {copyStrided, stridesOf} from './copy';
import {kernel, type SimdKernel} from './kernel';

type Input = {x: tf.TensorInfo};

/** Whether values take 4 bytes each, as `copyStrided` moves them. */
const isWide = ({dtype}: tf.TensorInfo) => dtype === 'float32' || dtype === 'int32';

/** A part of a tensor from `begin` on, as a new tensor of `shape` with as many values. */
function part(backend: SimdBackend, x: tf.TensorInfo, begin: number[], size: number[], shape = size): tf.TensorInfo {
  const output = backend.output(shape, x.dtype as NumericType);
  const strides = stridesOf(x.shape);
  const to = stridesOf(size);
  const first = begin.reduce((sum, index, axis) => sum + index * strides[axis], 0);
  const axes = size.map((length, axis) => ({size: length, from: strides[axis], to: to[axis]}));
  copyStrided(backend, backend.address(x) + 4 * first, output.address, axes);
  return output;
}

/** Writes a tensor into another one from `begin` on. `strides` are those of the target. */
function place(
  backend: SimdBackend,
  x: tf.TensorInfo,
  shape: number[],
  target: number,
  strides: number[],
  begin: number[],
): void {
  const from = stridesOf(shape);
  const first = begin.reduce((sum, index, axis) => sum + index * strides[axis], 0);
  const axes = shape.map((length, axis) => ({size: length, from: from[axis], to: strides[axis]}));
  copyStrided(backend, backend.address(x), target + 4 * first, axes);
}

const transpose = kernel<Input, {perm: number[]}>('Transpose', ({inputs, backend, attrs}) => {
  const {x} = inputs;
  if (!isWide(x)) return backend.fallback('Transpose', inputs, attrs);
  const shape = attrs.perm.map((axis) => x.shape[axis]);
  const output = backend.output(shape, x.dtype as NumericType);
  const [from, to] = [stridesOf(x.shape), stridesOf(shape)];
  const axes = attrs.perm.map((axis, i) => ({size: shape[i], from: from[axis], to: to[i]}));
  copyStrided(backend, backend.address(x), output.address, axes);
  return output;
});

const slice = kernel<Input, {begin: number | number[]; size: number | number[]}>(
  'Slice',
  ({inputs, backend, attrs}) => {
    const {x} = inputs;
    if (!isWide(x)) return backend.fallback('Slice', inputs, attrs);
    const [begin, size] = tf.slice_util.parseSliceParams(x as tf.Tensor, attrs.begin, attrs.size);
    tf.slice_util.assertParamsValid(x as tf.Tensor, begin, size);
    return part(backend, x, begin, size);
  },
);

const unpack = kernel<{value: tf.TensorInfo}, {axis: number}>('Unpack', ({inputs, backend, attrs}) => {
  const {value} = inputs;
  if (!isWide(value)) return backend.fallback('Unpack', inputs, attrs);
  const axis = attrs.axis < 0 ? attrs.axis + value.shape.length : attrs.axis;
  const size = value.shape.map((length, i) => (i === axis ? 1 : length));
  const shape = value.shape.filter((_, i) => i !== axis);
  const begin = value.shape.map(() => 0);
  return Array.from({length: value.shape[axis]}, (_, i) => {
    begin[axis] = i;
    return part(backend, value, begin, size, shape);
  });
});

const splitV = kernel<Input, {numOrSizeSplits: number[] | number; axis: number}>(
  'SplitV',
  ({inputs, backend, attrs}) => {
    const {x} = inputs;
    if (!isWide(x)) return backend.fallback('SplitV', inputs, attrs);
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

/** Tensors side by side along an axis. */
function join(backend: SimdBackend, tensors: tf.TensorInfo[], shapes: number[][], axis: number): tf.TensorInfo {
  const total = shapes.reduce((sum, shape) => sum + shape[axis], 0);
  const shape = shapes[0].map((length, i) => (i === axis ? total : length));
  const output = backend.output(shape, tensors[0].dtype as NumericType);
  const strides = stridesOf(shape);
  const begin = shape.map(() => 0);
  for (const [i, tensor] of tensors.entries()) {
    place(backend, tensor, shapes[i], output.address, strides, begin);
    begin[axis] += shapes[i][axis];
  }
  return output;
}

const concat = kernel<tf.TensorInfo[], {axis: number}>('Concat', ({inputs, backend, attrs}) => {
  if (!inputs.every((x) => isWide(x) && x.dtype === inputs[0].dtype && x.shape.length > 0))
    return backend.fallback('Concat', inputs, attrs);
  const axis = tf.util.parseAxisParam(attrs.axis, inputs[0].shape)[0];
  const shapes = inputs.map(({shape}) => shape);
  tf.backend_util.assertParamsConsistent(shapes, axis);
  return join(backend, inputs, shapes, axis);
});

const pack = kernel<tf.TensorInfo[], {axis: number}>('Pack', ({inputs, backend, attrs}) => {
  const {shape, dtype} = inputs[0];
  if (!inputs.every((x) => isWide(x) && x.dtype === dtype && tf.util.arraysEqual(x.shape, shape)))
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

const padV2 = kernel<Input, {paddings: [number, number][]; constantValue: number}>(
  'PadV2',
  ({inputs, backend, attrs}) => {
    const {x} = inputs;
    if (!isWide(x)) return backend.fallback('PadV2', inputs, attrs);
    const shape = x.shape.map((length, axis) => attrs.paddings[axis][0] + length + attrs.paddings[axis][1]);
    const output = backend.output(shape, x.dtype as NumericType);
    backend.values(output).fill(attrs.constantValue);
    place(
      backend,
      x,
      x.shape,
      output.address,
      stridesOf(shape),
      attrs.paddings.map(([before]) => before),
    );
    return output;
  },
);

const tile = kernel<Input, {reps: number[]}>('Tile', ({inputs, backend, attrs}) => {
  const {x} = inputs;
  if (!isWide(x)) return backend.fallback('Tile', inputs, attrs);
  const shape = x.shape.map((length, axis) => length * attrs.reps[axis]);
  const output = backend.output(shape, x.dtype as NumericType);
  const [from, to] = [stridesOf(x.shape), stridesOf(shape)];
  // Along each axis: the copies, then the values of one.
  const axes = x.shape.flatMap((size, axis) => [
    {size: attrs.reps[axis], from: 0, to: size * to[axis]},
    {size, from: from[axis], to: to[axis]},
  ]);
  copyStrided(backend, backend.address(x), output.address, axes);
  return output;
});

const reverse = kernel<Input, {dims: number[]}>('Reverse', ({inputs, backend, attrs}) => {
  const {x} = inputs;
  if (!isWide(x) || x.shape.length === 0) return backend.fallback('Reverse', inputs, attrs);
  const reversed = tf.util.parseAxisParam(attrs.dims, x.shape);
  const output = backend.output(x.shape, x.dtype as NumericType);
  const strides = stridesOf(x.shape);
  const first = reversed.reduce((sum, axis) => sum + (x.shape[axis] - 1) * strides[axis], 0);
  const axes = x.shape.map((size, axis) => {
    const stride = strides[axis];
    return {size, from: reversed.includes(axis) ? -stride : stride, to: stride};
  });
  copyStrided(backend, backend.address(x) + 4 * first, output.address, axes);
  return output;
});

const reshape = kernel<Input, {shape: number[]}>('Reshape', ({inputs, backend, attrs}) => {
  const {x} = inputs;
  const size = tf.util.sizeFromShape(x.shape);
  const shape = tf.util.inferFromImplicitShape(attrs.shape, size);
  if (tf.util.sizeFromShape(shape) !== size || x.dtype === 'complex64' || x.dtype === 'string')
    return backend.fallback('Reshape', inputs, attrs);
  return backend.share(x, shape);
});

const identity = kernel<Input, object>('Identity', ({inputs, backend, attrs}) =>
  inputs.x.dtype === 'complex64'
    ? backend.fallback('Identity', inputs, attrs)
    : backend.share(inputs.x, inputs.x.shape),
);

export const movementKernels: readonly SimdKernel[] = [
  transpose,
  slice,
  unpack,
  splitV,
  concat,
  pack,
  padV2,
  tile,
  reverse,
  reshape,
  identity,
];
