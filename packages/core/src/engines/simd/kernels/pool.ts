import * as tf from '@tensorflow/tfjs';
import {Pool} from '../assembly/operations';
import type {SimdBackend} from '../backend';
import {borrowing} from './borrowed';
import {floatBits, kernel, type SimdKernel} from './kernel';
import {backwardWindow, forwardWindow, isOfOutput, isWindowSmall, tapsOf, type WindowInfo} from './window';

interface Attributes {
  filterSize: [number, number] | number;
  strides: [number, number] | number;
  pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

function infoOf({shape}: tf.TensorInfo, {filterSize, strides, pad, dimRoundingMode}: Attributes): WindowInfo {
  const size = shape as [number, number, number, number];
  return tf.backend_util.computePool2DInfo(size, filterSize, strides, 1, pad, dimRoundingMode);
}

/** Runs an operation for every position of a target [batch, height, width, channels] at `to`. */
function runPool(
  backend: SimdBackend,
  operation: Pool,
  [source, taps, to]: [number, number, number],
  [batch, height, width, channels]: number[],
  window: number[],
  scale = 0,
): void {
  const args = [operation, source, taps, to, channels, floatBits(scale), ...window];
  const work = batch * height * width * channels * window[4] * window[5];
  if (work > 0) backend.threads.run('jobPool', args, batch * height, work);
}

const isFloat = ({dtype}: tf.TensorInfo) => dtype === 'float32';

function pool(name: string, operation: Pool): SimdKernel {
  return kernel<{x: tf.TensorInfo}, Attributes>(name, ({inputs, backend, attrs}) => {
    const {x} = inputs;
    const info = infoOf(x, attrs);
    if (!isFloat(x) || !isWindowSmall(info)) return backend.fallback(name, inputs, attrs);
    if (tapsOf(info) === 1 && tf.util.arraysEqual(info.inShape, info.outShape)) return backend.share(x, x.shape);
    const output = backend.output(info.outShape);
    runPool(backend, operation, [backend.address(x), 0, output.address], info.outShape, forwardWindow(info));
    return output;
  });
}

const isNative = (dy: tf.TensorInfo, x: tf.TensorInfo, info: WindowInfo) =>
  isFloat(dy) && isFloat(x) && isWindowSmall(info) && isOfOutput(dy, info);

const maxPoolGrad = kernel<{dy: tf.TensorInfo; input: tf.TensorInfo; output: tf.TensorInfo}, Attributes>(
  'MaxPoolGrad',
  ({inputs, backend, attrs}) => {
    const {dy, input} = inputs;
    const info = infoOf(input, attrs);
    if (!isNative(dy, input, info)) return backend.fallback('MaxPoolGrad', inputs, attrs);
    const output = backend.output(input.shape);
    borrowing(backend, (borrowed) => {
      const taps = borrowed.floats(tf.util.sizeFromShape(info.outShape));
      runPool(backend, Pool.MaxTap, [backend.address(input), 0, taps], info.outShape, forwardWindow(info));
      const addresses: [number, number, number] = [backend.address(dy), taps, output.address];
      runPool(backend, Pool.MaxGradient, addresses, input.shape, backwardWindow(info));
    });
    return output;
  },
);

const avgPoolGrad = kernel<{dy: tf.TensorInfo; input: tf.TensorInfo}, Attributes>(
  'AvgPoolGrad',
  ({inputs, backend, attrs}) => {
    const {dy, input} = inputs;
    const info = infoOf(input, attrs);
    if (!isNative(dy, input, info)) return backend.fallback('AvgPoolGrad', inputs, attrs);
    const output = backend.output(input.shape);
    const addresses: [number, number, number] = [backend.address(dy), 0, output.address];
    runPool(backend, Pool.MeanGradient, addresses, input.shape, backwardWindow(info), 1 / tapsOf(info));
    return output;
  },
);

/** Pooling over images; that over sequences reaches it as images of one row. */
export const poolKernels: readonly SimdKernel[] = [
  pool('MaxPool', Pool.Max),
  pool('AvgPool', Pool.Mean),
  maxPoolGrad,
  avgPoolGrad,
];
