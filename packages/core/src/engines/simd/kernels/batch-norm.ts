import * as tf from '@tensorflow/tfjs';
import {Binary} from '../assembly/operations';
import type {SimdBackend} from '../backend';
import {zipValues} from './binary';
import {kernel, type SimdKernel} from './kernel';

interface Inputs {
  /** [..., channels] */
  x: tf.TensorInfo;
  /** [channels] each, or the shape of x. */
  mean: tf.TensorInfo;
  variance: tf.TensorInfo;
  scale?: tf.TensorInfo;
  offset?: tf.TensorInfo;
}

/** scale / sqrt(variance + epsilon), of the shape of the variance. */
function factors(backend: SimdBackend, {variance, scale}: Inputs, epsilon: number): tf.TensorInfo {
  const output = backend.output(variance.shape);
  const [to, from] = [backend.values(output), backend.values(variance)];
  const scales = scale && backend.values(scale);
  for (let i = 0; i < to.length; i++) to[i] = (scales ? scales[i] : 1) / Math.sqrt(from[i] + epsilon);
  return output;
}

/** tfjs's FusedBatchNorm: (x - mean) scale / sqrt(variance + epsilon) + offset. */
const batchNorm = kernel<Inputs, {varianceEpsilon: number}>('FusedBatchNorm', ({inputs, backend, attrs}) => {
  const {x, mean, variance, scale, offset} = inputs;
  const channels = x.shape.slice(-1);
  const present = [x, mean, variance, scale, offset].filter((tensor) => tensor !== undefined);
  const fits = ({shape}: tf.TensorInfo) => tf.util.arraysEqual(shape, channels) || tf.util.arraysEqual(shape, x.shape);
  const scaleFits = !scale || tf.util.arraysEqual(scale.shape, variance.shape);
  if (!scaleFits || !present.every((tensor) => tensor.dtype === 'float32' && fits(tensor)))
    return backend.fallback('FusedBatchNorm', inputs, attrs);
  const centred = zipValues(backend, x, mean, Binary.Sub);
  const factor = factors(backend, inputs, attrs.varianceEpsilon ?? 0.001);
  const scaled = zipValues(backend, centred, factor, Binary.Multiply);
  for (const {dataId} of [centred, factor]) backend.disposeData(dataId);
  if (!offset) return scaled;
  const output = zipValues(backend, scaled, offset, Binary.Add);
  backend.disposeData(scaled.dataId);
  return output;
});

export const batchNormKernels: readonly SimdKernel[] = [batchNorm];
