import type * as tf from '@tensorflow/tfjs';
import {defineKernel} from '../define-kernel';
import {layerNormGradient} from './gradient';
import {layerNormReference} from './reference';

const kernel = defineKernel<{x: tf.Tensor}, {epsilon: number}, {y: tf.Tensor}>({
  name: 'LayerNorm',
  outputs: ['y'],
  differentiable: ['x'],
  reference: ({x}, {epsilon}) => ({y: layerNormReference(x, epsilon)}),
  gradient: ({y: g}, {x}, {y}, {epsilon}) => ({x: layerNormGradient(g, x, y, epsilon)}),
});

/**
 * Layer normalisation over the last axis, without weight and bias (Ba, Kiros and Hinton 2016, equation 4); the variance
 * is the biased one:
 *
 *     y = (x - mean(x)) / sqrt(variance(x) + epsilon)
 *
 * @param x [..., features]
 * @param epsilon Default 1e-5.
 * @returns [..., features]
 */
export function layerNorm(x: tf.Tensor, epsilon = 1e-5): tf.Tensor {
  return kernel({x}, {epsilon}).y;
}
