import * as tf from '@tensorflow/tfjs';
import {Binary} from '../assembly/operations';
import type {SimdBackend} from '../backend';
import {type Activation, activate} from './activation';
import {zipValues} from './binary';
import {convolve, convolveFilter} from './convolve';
import {convolveBack} from './convolve-back';
import {kernel, type SimdKernel} from './kernel';
import {permute} from './transpose';
import {reshape} from './views';
import {isOfOutput, type WindowInfo} from './window';

interface Attributes {
  strides: [number, number] | number;
  pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  dataFormat: 'NHWC' | 'NCHW';
  dilations?: [number, number] | number;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

type Shape4D = [number, number, number, number];

function infoOf(shape: number[], filterShape: number[], attributes: Attributes): WindowInfo {
  const {strides, pad, dataFormat, dilations = 1, dimRoundingMode} = attributes;
  const format = tf.backend_util.convertConv2DDataFormat(dataFormat);
  const shapes = [shape as Shape4D, filterShape as Shape4D] as const;
  return tf.backend_util.computeConv2DInfo(...shapes, strides, dilations, pad, dimRoundingMode, false, format);
}

const isFloat = ({dtype}: tf.TensorInfo) => dtype === 'float32';

/** An image with its channels last, as the caller's own. */
function channelsLast(backend: SimdBackend, x: tf.TensorInfo, {dataFormat}: Attributes): tf.TensorInfo {
  return dataFormat === 'NCHW' ? permute(backend, x, [0, 2, 3, 1]) : backend.share(x, x.shape);
}

/** An image with its channels last in the format that was asked for; `x` itself is freed. */
function inFormat(backend: SimdBackend, x: tf.TensorInfo, {dataFormat}: Attributes): tf.TensorInfo {
  if (dataFormat !== 'NCHW') return x;
  const result = permute(backend, x, [0, 3, 1, 2]);
  backend.disposeData(x.dataId);
  return result;
}

type ConvInputs = {x: tf.TensorInfo; filter: tf.TensorInfo};

const conv2D = kernel<ConvInputs, Attributes>('Conv2D', ({inputs, backend, attrs}) => {
  const {x, filter} = inputs;
  if (!isFloat(x) || !isFloat(filter)) return backend.fallback('Conv2D', inputs, attrs);
  const image = channelsLast(backend, x, attrs);
  const result = convolve(backend, image, filter, infoOf(x.shape, filter.shape, attrs));
  backend.disposeData(image.dataId);
  return inFormat(backend, result, attrs);
});

type BackInputs = {dy: tf.TensorInfo; filter: tf.TensorInfo};

const conv2DBackpropInput = kernel<BackInputs, Attributes & {inputShape: number[]}>(
  'Conv2DBackpropInput',
  ({inputs, backend, attrs}) => {
    const {dy, filter} = inputs;
    const info = infoOf(attrs.inputShape, filter.shape, {...attrs, dilations: 1});
    if (!isFloat(dy) || !isFloat(filter) || !isOfOutput(dy, info))
      return backend.fallback('Conv2DBackpropInput', inputs, attrs);
    const image = channelsLast(backend, dy, attrs);
    const result = convolveBack(backend, image, filter, info);
    backend.disposeData(image.dataId);
    return inFormat(backend, result, attrs);
  },
);

type FilterInputs = {x: tf.TensorInfo; dy: tf.TensorInfo};

const conv2DBackpropFilter = kernel<FilterInputs, Attributes & {filterShape: number[]}>(
  'Conv2DBackpropFilter',
  ({inputs, backend, attrs}) => {
    const {x, dy} = inputs;
    const info = infoOf(x.shape, attrs.filterShape, {...attrs, dilations: 1});
    if (!isFloat(x) || !isFloat(dy) || !isOfOutput(dy, info))
      return backend.fallback('Conv2DBackpropFilter', inputs, attrs);
    const images = [x, dy].map((image) => channelsLast(backend, image, attrs));
    const result = convolveFilter(backend, images[0], images[1], info);
    for (const {dataId} of images) backend.disposeData(dataId);
    return result;
  },
);

type FusedInputs = ConvInputs & {bias?: tf.TensorInfo; preluActivationWeights?: tf.TensorInfo};

/** A view of values per channel that broadcasts over images of the format. */
function perChannel(backend: SimdBackend, x: tf.TensorInfo | undefined, {dataFormat}: Attributes) {
  if (!x) return undefined;
  const isVector = x.shape.length === 1 && x.shape[0] !== 1;
  return reshape(backend, x, dataFormat === 'NCHW' && isVector ? [x.shape[0], 1, 1] : x.shape);
}

const fusedConv2D = kernel<FusedInputs, Attributes & Activation>('FusedConv2D', ({inputs, backend, attrs}) => {
  const {x, filter, bias, preluActivationWeights} = inputs;
  const tensors = [x, filter, bias, preluActivationWeights];
  if (!tensors.every((tensor) => !tensor || isFloat(tensor))) return backend.fallback('FusedConv2D', inputs, attrs);
  const info = infoOf(x.shape, filter.shape, attrs);
  const isPlainBias = bias && tf.util.sizeFromShape(bias.shape) === info.outChannels && attrs.dataFormat === 'NHWC';
  const image = channelsLast(backend, x, attrs);
  const product = convolve(backend, image, filter, info, isPlainBias ? backend.address(bias) : 0);
  backend.disposeData(image.dataId);
  let result = inFormat(backend, product, attrs);
  const [addend, weights] = [isPlainBias ? undefined : bias, preluActivationWeights].map((tensor) =>
    perChannel(backend, tensor, attrs),
  );
  if (addend) {
    const sum = zipValues(backend, result, addend, Binary.Add);
    for (const {dataId} of [result, addend]) backend.disposeData(dataId);
    result = sum;
  }
  result = activate(backend, result, attrs, weights);
  if (weights) backend.disposeData(weights.dataId);
  return result;
});

/** Convolutions over images; those over sequences reach them as images of one row. */
export const convolutionKernels: readonly SimdKernel[] = [
  conv2D,
  conv2DBackpropInput,
  conv2DBackpropFilter,
  fusedConv2D,
];
