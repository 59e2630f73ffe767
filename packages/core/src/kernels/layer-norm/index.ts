import type * as tf from '@tensorflow/tfjs';
import {requireOptionalTensors, requireTensors} from '../../arguments';
import {ShapeError} from '../../errors';
import {defineKernel} from '../define-kernel';
import {assertLastAxes} from '../last-axes';
import {layerNormGradient} from './gradient';
import {layerNormReference} from './reference';

type Inputs = {x: tf.Tensor; weight?: tf.Tensor; bias?: tf.Tensor};

const kernel = defineKernel<Inputs, {epsilon: number}, {y: tf.Tensor}>({
  name: 'LayerNorm',
  outputs: ['y'],
  differentiable: ['x', 'weight', 'bias'],
  reference: ({x, weight, bias}, {epsilon}) => ({y: layerNormReference(x, epsilon, weight, bias)}),
  gradient: ({y: g}, {x, weight, bias}, _, {epsilon}) => layerNormGradient(g, x, epsilon, weight, bias),
});

/** What {@link layerNorm} does after normalising. */
export interface LayerNormWeights {
  /** Multiplies; [features], or the last axes of x: rows of features each. */
  weight: tf.Tensor;
  /** Is added; of the shape of the weight. */
  bias?: tf.Tensor;
}

/**
 * Layer normalisation over the last axis (Ba, Kiros and Hinton 2016, equation 4); the variance is the biased one:
 *
 *     y = (x - mean(x)) / sqrt(variance(x) + epsilon) * weight + bias
 *
 * @param x [..., features]
 * @param epsilon Default 1e-5.
 * @param weights Default none: neither weight nor bias.
 * @returns [..., features]
 * @throws ShapeError when the shape of the weight is not that of the last axes of x, or the bias has another.
 */
export function layerNorm(x: tf.Tensor, epsilon = 1e-5, weights?: LayerNormWeights): tf.Tensor {
  requireTensors('layerNorm', {x});
  const {weight, bias} = weights ?? {};
  requireOptionalTensors('layerNorm', {weight, bias});
  assertLastAxes('layerNorm', x, 'weight', weight);
  assertLastAxes('layerNorm', x, 'bias', bias);
  if (bias && bias.rank !== weight?.rank)
    throw new ShapeError(`layerNorm: bias [${bias.shape}] must have the shape [${weight?.shape}] of the weight`);
  return kernel({x, weight, bias}, {epsilon}).y;
}
