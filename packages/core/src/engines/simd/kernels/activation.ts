import type * as tf from '@tensorflow/tfjs';
import {Binary, Unary} from '../assembly/operations';
import type {SimdBackend} from '../backend';
import {zipValues} from './binary';
import {floatBits} from './kernel';
import {mapValues} from './unary';

/** What a fused kernel does with its result. */
export interface Activation {
  activation: tf.fused.Activation;
  leakyreluAlpha?: number;
}

const operations: Partial<Record<tf.fused.Activation, Unary>> = {
  relu: Unary.Relu,
  relu6: Unary.Relu6,
  elu: Unary.Elu,
  sigmoid: Unary.Sigmoid,
  leakyrelu: Unary.LeakyRelu,
};

/** A tensor after an activation; `x` itself is freed. `weights` are those of 'prelu'. */
export function activate(
  backend: SimdBackend,
  x: tf.TensorInfo,
  {activation, leakyreluAlpha}: Activation,
  weights?: tf.TensorInfo,
): tf.TensorInfo {
  const operation = operations[activation];
  if (activation === 'linear' || (operation === undefined && !weights)) return x;
  const result =
    operation === undefined
      ? zipValues(backend, x, weights as tf.TensorInfo, Binary.Prelu)
      : mapValues(backend, x, operation, 'float32', [floatBits(leakyreluAlpha ?? 0)]);
  backend.disposeData(x.dataId);
  return result;
}
