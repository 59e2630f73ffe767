import type * as tf from '@tensorflow/tfjs';
import type {SimdBackend} from '../backend';
import {fusedKernel, type SimdKernel} from './kernel';
import {sumOfParts} from './parts';
import {addressOf, named} from './recurrence';

/** About as many values as a piece has. */
const PIECE = 16384;

/** The least rows that the sums of a piece of the filter's gradient are worth, and the most pieces there are of them. */
const LEAST_ROWS = 64;
const MOST_PARTS = 64;

interface Tensors {
  x: tf.TensorInfo;
  filter: tf.TensorInfo;
  bias?: tf.TensorInfo;
  before?: tf.TensorInfo;
}

interface Attributes {
  left: number;
}

/** How a sequence's rows are summed up: which row of x the first tap of row 0 meets, and in which order the taps come. */
interface Course {
  rows: number;
  shift: number;
  isReversed: boolean;
}

function convolve(backend: SimdBackend, {x, filter, bias, before}: Tensors, course: Course): tf.TensorInfo {
  const [batch, time, channels] = x.shape;
  const [size] = filter.shape;
  const {rows, shift, isReversed} = course;
  const output = backend.output([batch, rows, channels]);
  const pieceRows = Math.max(1, Math.ceil(PIECE / channels));
  const pieces = Math.ceil(rows / pieceRows);
  const args = [
    ...[x, filter, bias, before, output].map((tensor) => addressOf(backend, tensor)),
    ...[time, rows, channels, size, shift, Number(isReversed), pieceRows, pieces],
  ];
  backend.threads.run('jobDepthwise1d', args, batch * pieces, batch * rows * channels * (size + 1));
  return output;
}

const forward = fusedKernel<Attributes>('DepthwiseConvolution1d', (tensors, backend, {names, attributes}) => {
  const inputs = named<Tensors>(names, tensors);
  return [convolve(backend, inputs, {rows: inputs.x.shape[1], shift: -attributes.left, isReversed: false})];
});

/** What the taps and the bias get, summed up in pieces. */
function gradientsOfTaps(backend: SimdBackend, dy: tf.TensorInfo, {x, filter, bias, before}: Tensors, left: number) {
  const [batch, time, channels] = x.shape;
  const [size] = filter.shape;
  const pieceRows = Math.max(LEAST_ROWS, Math.ceil((batch * time) / MOST_PARTS));
  const pieces = Math.ceil(time / pieceRows);
  const taps = backend.output([batch * pieces, size, channels]);
  const biases = bias && backend.output([batch * pieces, channels]);
  const args = [
    ...[dy, x, before, taps, biases].map((tensor) => addressOf(backend, tensor)),
    ...[time, channels, size, -left, pieceRows, pieces],
  ];
  backend.threads.run('jobDepthwise1dFilter', args, batch * pieces, batch * time * channels * (size + 1));
  return [sumOfParts(backend, taps, filter.shape), ...(biases ? [sumOfParts(backend, biases, [channels])] : [])];
}

const backward = fusedKernel<Attributes>('DepthwiseConvolution1dGradient', ([dy, ...saved], backend, call) => {
  const {names, attributes} = call;
  const inputs = named<Tensors>(names, saved);
  const {x, filter, before} = inputs;
  const last = filter.shape[0] - 1;
  // The rows before the first end one before it.
  const gradientOfRows = (rows: number, from: number) =>
    convolve(backend, {x: dy, filter}, {rows, shift: from - (last - attributes.left), isReversed: true});
  return [
    gradientOfRows(x.shape[1], 0),
    ...gradientsOfTaps(backend, dy, inputs, attributes.left),
    ...(before ? [gradientOfRows(last, -last)] : []),
  ];
});

/** The fused kernels of `kernels/depthwise-convolution-1d`. */
export const depthwise1dKernels: readonly SimdKernel[] = [forward, backward];
