import type * as tf from '@tensorflow/tfjs';
import {defineKernel} from '../define-kernel';
import {rmsNormGradient} from './gradient';
import {rmsNormReference} from './reference';

const kernel = defineKernel<{x: tf.Tensor}, {epsilon: number}, {y: tf.Tensor}>({
  name: 'RmsNorm',
  outputs: ['y'],
  differentiable: ['x'],
  reference: ({x}, {epsilon}) => ({y: rmsNormReference(x, epsilon)}),
  gradient: ({y: g}, {x}, _, {epsilon}) => ({x: rmsNormGradient(g, x, epsilon)}),
});

/**
 * Root mean square normalisation over the last axis, without a weight (Zhang and Sennrich 2019, equation 4):
 *
 *     y = x / sqrt(mean(x²) + epsilon)
 *
 * @param x [..., features]
 * @param epsilon Default 1e-6.
 * @returns [..., features]
 */
export function rmsNorm(x: tf.Tensor, epsilon = 1e-6): tf.Tensor {
  return kernel({x}, {epsilon}).y;
}
