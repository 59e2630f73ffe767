import type * as tf from '@tensorflow/tfjs';
import {requireOptionalTensors, requireTensors} from '../../arguments';
import {defineKernel} from '../define-kernel';
import {assertLastAxes} from '../last-axes';
import {rmsNormGradient} from './gradient';
import {rmsNormReference} from './reference';

const kernel = defineKernel<{x: tf.Tensor; weight?: tf.Tensor}, {epsilon: number}, {y: tf.Tensor}>({
  name: 'RmsNorm',
  outputs: ['y'],
  differentiable: ['x', 'weight'],
  reference: ({x, weight}, {epsilon}) => ({y: rmsNormReference(x, epsilon, weight)}),
  gradient: ({y: g}, {x, weight}, _, {epsilon}) => rmsNormGradient(g, x, epsilon, weight),
});

/**
 * Root mean square normalisation over the last axis (Zhang and Sennrich 2019, equation 4):
 *
 *     y = x / sqrt(mean(x²) + epsilon) * weight
 *
 * @param x [..., features]
 * @param epsilon Default 1e-6.
 * @param weight [features], or the last axes of x: rows of features each. Default none.
 * @returns [..., features]
 * @throws ShapeError when the shape of the weight is not that of the last axes of x.
 */
export function rmsNorm(x: tf.Tensor, epsilon = 1e-6, weight?: tf.Tensor): tf.Tensor {
  requireTensors('rmsNorm', {x});
  requireOptionalTensors('rmsNorm', {weight});
  assertLastAxes('rmsNorm', x, 'weight', weight);
  return kernel({x, weight}, {epsilon}).y;
}
