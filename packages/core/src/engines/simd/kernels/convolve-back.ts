import type * as tf from '@tensorflow/tfjs';
import type {SimdBackend} from '../backend';
import {type Borrowed, borrowing} from './borrowed';
import {runProduct} from './convolve';
import {copyStrided, stridesOf} from './copy';
import type {WindowInfo} from './window';

/** Indices of the input along an axis that meet the same taps: every `stride`-th one, and what they meet. */
interface Phase {
  /** The first index of the input, and how many there are. */
  first: number;
  count: number;
  /** The first tap, and how many there are, each `stride` from the last. */
  tap: number;
  taps: number;
  /** Index i of the phase meets index i + offset - j of the output through its tap j. */
  offset: number;
}

function phasesOf(size: number, taps: number, stride: number, padding: number): Phase[] {
  return Array.from({length: Math.min(stride, size)}, (_, first) => {
    const tap = (first + padding) % stride;
    return {
      first,
      count: Math.ceil((size - first) / stride),
      tap,
      taps: Math.max(0, Math.ceil((taps - tap) / stride)),
      offset: (first + padding - tap) / stride,
    };
  });
}

/**
 * The gradient of the input of a convolution: dy by the filter with its two kinds of channels swapped. With strides, the
 * indices of the input fall into phases, each a convolution with taps of its own.
 */
export function convolveBack(
  backend: SimdBackend,
  dy: tf.TensorInfo,
  filter: tf.TensorInfo,
  info: WindowInfo,
): tf.TensorInfo {
  const output = backend.output([info.batchSize, info.inHeight, info.inWidth, info.inChannels]);
  const {filterHeight, filterWidth, strideHeight, strideWidth, padInfo} = info;
  for (const row of phasesOf(info.inHeight, filterHeight, strideHeight, padInfo.top))
    for (const column of phasesOf(info.inWidth, filterWidth, strideWidth, padInfo.left))
      borrowing(backend, (borrowed) => convolvePhase(backend, borrowed, {dy, filter, output}, info, row, column));
  return output;
}

interface Tensors {
  dy: tf.TensorInfo;
  filter: tf.TensorInfo;
  output: tf.TensorInfo & {address: number};
}

function convolvePhase(
  backend: SimdBackend,
  borrowed: Borrowed,
  {dy, filter, output}: Tensors,
  info: WindowInfo,
  row: Phase,
  column: Phase,
): void {
  const {batchSize, outHeight, outWidth, inChannels: columns, outChannels: channels, strideHeight, strideWidth} = info;
  const shape = [batchSize, row.count, column.count, columns];
  const positions = batchSize * row.count * column.count;
  const isWhole = strideHeight === 1 && strideWidth === 1;
  const to = isWhole ? output.address : borrowed.floats(positions * columns);
  const right = phaseFilter(backend, borrowed, filter, info, row, column);
  const sizes = {positions, features: row.taps * column.taps * channels, columns, channels};
  const window = [
    ...[outHeight, outWidth, row.count, column.count, row.taps, column.taps],
    ...[1, 1, -1, -1, row.offset, column.offset, 1, 1],
  ];
  runProduct(backend, 'jobConvolve', {source: dy, right, bias: 0, to, ...sizes}, window);
  if (isWhole) return;
  const [from, strides] = [stridesOf(shape), stridesOf(output.shape)];
  const first = row.first * strides[1] + column.first * strides[2];
  const steps = [1, strideHeight, strideWidth, 1];
  const axes = shape.map((size, axis) => ({size, from: from[axis], to: strides[axis] * steps[axis]}));
  copyStrided(backend, to, output.address + 4 * first, axes, 4);
}

/** The taps of a phase, of a filter [height, width, channels, outChannels], as [taps, outChannels, channels]. */
function phaseFilter(
  backend: SimdBackend,
  borrowed: Borrowed,
  filter: tf.TensorInfo,
  {strideHeight, strideWidth, inChannels, outChannels}: WindowInfo,
  row: Phase,
  column: Phase,
): number {
  const to = borrowed.floats(row.taps * column.taps * inChannels * outChannels);
  const strides = stridesOf(filter.shape);
  const shape = [row.taps, column.taps, outChannels, inChannels];
  const from = [strideHeight * strides[0], strideWidth * strides[1], strides[3], strides[2]];
  const target = stridesOf(shape);
  const axes = shape.map((size, axis) => ({size, from: from[axis], to: target[axis]}));
  const first = row.tap * strides[0] + column.tap * strides[1];
  copyStrided(backend, backend.address(filter) + 4 * first, to, axes, 4);
  return to;
}
