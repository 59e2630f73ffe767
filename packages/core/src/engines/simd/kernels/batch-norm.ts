import * as tf from '@tensorflow/tfjs';
import type {SimdBackend} from '../backend';
import {kernel, type SimdKernel} from './kernel';

/** About as many values as a piece has. */
const PIECE = 16384;
/** The least length of the rows that x is gone through by. */
const WIDE = 64;
/** Of a value, in about the time of a multiplication in a matrix product. */
const COST = 4;

interface Inputs {
  /** [..., channels] */
  x: tf.TensorInfo;
  /** [channels] each, or the shape of x. */
  mean: tf.TensorInfo;
  variance: tf.TensorInfo;
  scale?: tf.TensorInfo;
  offset?: tf.TensorInfo;
}

/** Rows of means, factors and offsets, one after the other in new memory; rows of few channels hold them several times. */
function parametersOf(backend: SimdBackend, {x, mean, variance, scale, offset}: Inputs, epsilon: number) {
  const present = [mean, variance, scale, offset].filter((tensor) => tensor !== undefined);
  const width = Math.max(...present.map((tensor) => backend.values(tensor).length));
  const size = backend.values(x).length;
  const repeats = width === size ? 1 : Math.ceil(WIDE / width);
  const parameters = backend.output([3, repeats * width]);
  const to = backend.values(parameters);
  const at = (tensor: tf.TensorInfo | undefined, i: number, missing: number) => {
    if (!tensor) return missing;
    const values = backend.values(tensor);
    return values[i % values.length];
  };
  for (let i = 0; i < repeats * width; i++) {
    to[i] = at(mean, i, 0);
    to[repeats * width + i] = at(scale, i, 1) / Math.sqrt(at(variance, i, 0) + epsilon);
    to[2 * repeats * width + i] = at(offset, i, 0);
  }
  return {parameters, width: repeats * width, size};
}

/** tfjs's FusedBatchNorm: (x - mean) scale / sqrt(variance + epsilon) + offset. */
const batchNorm = kernel<Inputs, {varianceEpsilon?: number}>('FusedBatchNorm', ({inputs, backend, attrs}) => {
  const {x, mean, variance, scale, offset} = inputs;
  const channels = x.shape.slice(-1);
  const present = [x, mean, variance, scale, offset].filter((tensor) => tensor !== undefined);
  const fits = ({shape}: tf.TensorInfo) => tf.util.arraysEqual(shape, channels) || tf.util.arraysEqual(shape, x.shape);
  const isUsual = present.every((tensor) => tensor.dtype === 'float32' && fits(tensor));
  if (!isUsual || x.shape.includes(0)) return backend.fallback('FusedBatchNorm', inputs, attrs);
  const output = backend.output(x.shape);
  const {parameters, width, size} = parametersOf(backend, inputs, attrs.varianceEpsilon ?? 0.001);
  const pieceRows = Math.ceil(PIECE / width);
  const args = [backend.address(x), backend.address(parameters), output.address, size, width, pieceRows];
  backend.threads.run('jobBatchNorm', args, Math.ceil(size / (pieceRows * width)), COST * size);
  backend.disposeData(parameters.dataId);
  return output;
});

export const batchNormKernels: readonly SimdKernel[] = [batchNorm];
