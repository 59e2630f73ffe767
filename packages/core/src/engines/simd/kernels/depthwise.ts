import * as tf from '@tensorflow/tfjs';
import {Binary, Reduction} from '../assembly/operations';
import type {SimdBackend} from '../backend';
import {type Activation, activate} from './activation';
import {zipValues} from './binary';
import {copyStrided} from './copy';
import {kernel, type SimdKernel} from './kernel';
import {reduce} from './reduce';
import {backwardWindow, forwardWindow, isOfOutput, isWindowSmall, tapsOf, type WindowInfo} from './window';

/** Channels of a piece of the filter's gradient; see `assembly/depthwise.ts`. */
const BLOCK = 16;

interface Attributes {
  strides: [number, number] | number;
  pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  dilations?: [number, number] | number | null;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

type Shape4D = [number, number, number, number];

function infoOf(shape: number[], filterShape: number[], attributes: Attributes): WindowInfo {
  const {strides, pad, dimRoundingMode} = attributes;
  const dilations = attributes.dilations ?? [1, 1];
  tf.util.assert(
    tf.backend_util.eitherStridesOrDilationsAreOne(strides, dilations),
    () =>
      `Error in depthwiseConv2d: Either strides or dilations must be 1. Got strides ${strides} and dilations '${dilations}'`,
  );
  const shapes = [shape as Shape4D, filterShape as Shape4D] as const;
  return tf.backend_util.computeConv2DInfo(...shapes, strides, dilations, pad, dimRoundingMode, true);
}

const isFloat = ({dtype}: tf.TensorInfo) => dtype === 'float32';

/** An image in which each channel is repeated for each of its filters, as the caller's own. */
function repeatChannels(backend: SimdBackend, x: tf.TensorInfo, times: number): tf.TensorInfo {
  if (times === 1) return backend.share(x, x.shape);
  const size = tf.util.sizeFromShape(x.shape);
  const output = backend.output([...x.shape.slice(0, -1), x.shape[3] * times]);
  const axes = [
    {size, from: 1, to: times},
    {size: times, from: 0, to: 1},
  ];
  copyStrided(backend, backend.address(x), output.address, axes, 4);
  return output;
}

/** Sums of the windows' products, each channel for itself. */
function convolveChannels(
  backend: SimdBackend,
  source: tf.TensorInfo,
  filter: tf.TensorInfo,
  window: number[],
  shape: number[],
): tf.TensorInfo {
  const output = backend.output(shape);
  const [batch, height, , channels] = shape;
  const addresses = [source, filter, output].map((x) => backend.address(x));
  const taps = filter.shape[0] * filter.shape[1];
  const args = [...addresses, batch, channels, ...window];
  backend.threads.run('jobDepthwise', args, batch * height, tf.util.sizeFromShape(shape) * taps);
  return output;
}

function depthwise(backend: SimdBackend, x: tf.TensorInfo, filter: tf.TensorInfo, info: WindowInfo): tf.TensorInfo {
  const image = repeatChannels(backend, x, info.outChannels / info.inChannels);
  const result = convolveChannels(backend, image, filter, forwardWindow(info), info.outShape);
  backend.disposeData(image.dataId);
  return result;
}

type ConvInputs = {x: tf.TensorInfo; filter: tf.TensorInfo};

const depthwiseConv = kernel<ConvInputs, Attributes>('DepthwiseConv2dNative', ({inputs, backend, attrs}) => {
  const {x, filter} = inputs;
  const info = infoOf(x.shape, filter.shape, attrs);
  if (!isFloat(x) || !isFloat(filter) || !isWindowSmall(info))
    return backend.fallback('DepthwiseConv2dNative', inputs, attrs);
  return depthwise(backend, x, filter, info);
});

type BackInputs = {dy: tf.TensorInfo; filter: tf.TensorInfo};

const backpropInput = kernel<BackInputs, Attributes & {inputShape: number[]}>(
  'DepthwiseConv2dNativeBackpropInput',
  ({inputs, backend, attrs}) => {
    const {dy, filter} = inputs;
    const info = infoOf(attrs.inputShape, filter.shape, attrs);
    const isNative = isFloat(dy) && isFloat(filter) && isWindowSmall(info) && isOfOutput(dy, info);
    if (!isNative || attrs.inputShape.includes(0))
      return backend.fallback('DepthwiseConv2dNativeBackpropInput', inputs, attrs);
    const {batchSize, inHeight, inWidth, inChannels, outChannels} = info;
    const shape = [batchSize, inHeight, inWidth, outChannels];
    const repeated = convolveChannels(backend, dy, filter, backwardWindow(info), shape);
    if (outChannels === inChannels) return repeated;
    const view = {...repeated, shape: [...shape.slice(0, -1), inChannels, outChannels / inChannels]};
    const result = reduce(backend, view, Reduction.Sum, 4, false);
    backend.disposeData(repeated.dataId);
    return result;
  },
);

type FilterInputs = {x: tf.TensorInfo; dy: tf.TensorInfo};

const backpropFilter = kernel<FilterInputs, Attributes & {filterShape: number[]}>(
  'DepthwiseConv2dNativeBackpropFilter',
  ({inputs, backend, attrs}) => {
    const {x, dy} = inputs;
    const info = infoOf(x.shape, attrs.filterShape, attrs);
    if (!isFloat(x) || !isFloat(dy) || !isOfOutput(dy, info))
      return backend.fallback('DepthwiseConv2dNativeBackpropFilter', inputs, attrs);
    const output = backend.output(info.filterShape);
    const {batchSize, inChannels, outChannels} = info;
    const image = repeatChannels(backend, x, outChannels / inChannels);
    const addresses = [image, dy, output].map((tensor) => backend.address(tensor));
    const args = [...addresses, batchSize, outChannels, ...forwardWindow(info)];
    const pieces = tapsOf(info) * Math.ceil(outChannels / BLOCK);
    backend.threads.run('jobDepthwiseFilter', args, pieces, tf.util.sizeFromShape(dy.shape) * tapsOf(info));
    backend.disposeData(image.dataId);
    return output;
  },
);

type FusedInputs = ConvInputs & {bias?: tf.TensorInfo; preluActivationWeights?: tf.TensorInfo};

const fused = kernel<FusedInputs, Attributes & Activation>('FusedDepthwiseConv2D', ({inputs, backend, attrs}) => {
  const {x, filter, bias, preluActivationWeights} = inputs;
  const info = infoOf(x.shape, filter.shape, attrs);
  const tensors = [x, filter, bias, preluActivationWeights];
  if (!tensors.every((tensor) => !tensor || isFloat(tensor)) || !isWindowSmall(info))
    return backend.fallback('FusedDepthwiseConv2D', inputs, attrs);
  let result = depthwise(backend, x, filter, info);
  if (bias) {
    const sum = zipValues(backend, result, bias, Binary.Add);
    backend.disposeData(result.dataId);
    result = sum;
  }
  return activate(backend, result, attrs, preluActivationWeights);
});

/** Convolutions of each channel for itself. */
export const depthwiseKernels: readonly SimdKernel[] = [depthwiseConv, backpropInput, backpropFilter, fused];
