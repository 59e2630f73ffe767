import * as tf from '@tensorflow/tfjs';
import type {SimdBackend} from '../backend';
import {isNumeric, type NumericType} from '../tensor-data';
import {copyStrided, stridesOf} from './copy';
import {bytesOf, kernel, type SimdKernel} from './kernel';
import {padConstant} from './pad';
import {part} from './slice';
import {reshape} from './views';

/** A tensor with its axes in another order: axis i of the result is axis `order[i]` of `x`. */
export function permute(backend: SimdBackend, x: tf.TensorInfo, order: number[]): tf.TensorInfo {
  const shape = order.map((axis) => x.shape[axis]);
  const moved = order.filter((axis) => x.shape[axis] !== 1);
  if (moved.every((axis, i) => i === 0 || axis > moved[i - 1])) return backend.share(x, shape);
  const output = backend.output(shape, x.dtype as NumericType);
  const [from, to] = [stridesOf(x.shape), stridesOf(shape)];
  const axes = order.map((axis, i) => ({size: shape[i], from: from[axis], to: to[i]}));
  copyStrided(backend, backend.address(x), output.address, axes, bytesOf(x.dtype));
  return output;
}

/** Views `x` as `inner`, reorders its axes, and views the result as `outer`. */
function rearrange(
  backend: SimdBackend,
  x: tf.TensorInfo,
  inner: number[],
  order: number[],
  outer: number[],
): tf.TensorInfo {
  const view = reshape(backend, x, inner);
  const permuted = permute(backend, view, order);
  const result = reshape(backend, permuted, outer);
  for (const {dataId} of [view, permuted]) backend.disposeData(dataId);
  return result;
}

type Input = {x: tf.TensorInfo};

const transpose = kernel<Input, {perm: number[]}>('Transpose', ({inputs, backend, attrs}) =>
  isNumeric(inputs.x.dtype) ? permute(backend, inputs.x, attrs.perm) : backend.fallback('Transpose', inputs, attrs),
);

const depthToSpace = kernel<Input, {blockSize: number; dataFormat: string}>(
  'DepthToSpace',
  ({inputs, backend, attrs}) => {
    const {x} = inputs;
    const {blockSize: block, dataFormat} = attrs;
    if (!isNumeric(x.dtype) || dataFormat !== 'NHWC') return backend.fallback('DepthToSpace', inputs, attrs);
    const [batch, height, width, depth] = x.shape;
    const outDepth = depth / (block * block);
    const inner = [batch, height, width, block, block, outDepth];
    return rearrange(backend, x, inner, [0, 1, 3, 2, 4, 5], [batch, height * block, width * block, outDepth]);
  },
);

type Pairs = [number, number][];

const spaceToBatchND = kernel<Input, {blockShape: number[]; paddings: Pairs}>(
  'SpaceToBatchND',
  ({inputs, backend, attrs}) => {
    const {x} = inputs;
    const {blockShape, paddings} = attrs;
    if (!isNumeric(x.dtype)) return backend.fallback('SpaceToBatchND', inputs, attrs);
    const product = tf.util.sizeFromShape(blockShape);
    const none = x.shape.slice(1 + blockShape.length).map((): [number, number] => [0, 0]);
    const padded = padConstant(backend, x, [[0, 0], ...paddings, ...none], 0);
    const {getReshaped, getPermuted, getReshapedPermuted} = tf.backend_util;
    const inner = getReshaped(padded.shape, blockShape, product, false);
    const order = getPermuted(inner.length, blockShape.length, false);
    const outer = getReshapedPermuted(padded.shape, blockShape, product, false);
    const result = rearrange(backend, padded, inner, order, outer);
    backend.disposeData(padded.dataId);
    return result;
  },
);

const batchToSpaceND = kernel<Input, {blockShape: number[]; crops: Pairs}>(
  'BatchToSpaceND',
  ({inputs, backend, attrs}) => {
    const {x} = inputs;
    const {blockShape, crops} = attrs;
    if (!isNumeric(x.dtype)) return backend.fallback('BatchToSpaceND', inputs, attrs);
    const product = tf.util.sizeFromShape(blockShape);
    const {getReshaped, getPermuted, getReshapedPermuted, getSliceBeginCoords, getSliceSize} = tf.backend_util;
    const inner = getReshaped(x.shape, blockShape, product);
    const outer = getReshapedPermuted(x.shape, blockShape, product);
    const whole = rearrange(backend, x, inner, getPermuted(inner.length, blockShape.length), outer);
    const rest = outer.slice(1 + blockShape.length);
    const begin = [...getSliceBeginCoords(crops, blockShape.length), ...rest.map(() => 0)];
    const size = [...getSliceSize(outer, crops, blockShape.length), ...rest];
    const result = part(backend, whole, begin, size);
    backend.disposeData(whole.dataId);
    return result;
  },
);

/** Kernels that reorder axes. */
export const transposeKernels: readonly SimdKernel[] = [transpose, depthToSpace, spaceToBatchND, batchToSpaceND];
