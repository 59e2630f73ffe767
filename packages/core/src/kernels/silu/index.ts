import * as tf from '@tensorflow/tfjs';
import {defineKernel} from '../define-kernel';
import {siluDerivative, siluReference} from './reference';

const kernel = defineKernel<{x: tf.Tensor}, object, {y: tf.Tensor}>({
  name: 'Silu',
  outputs: ['y'],
  differentiable: ['x'],
  reference: ({x}) => ({y: siluReference(x)}),
  gradient: ({y: g}, {x}) => ({x: tf.tidy(() => g.mul(siluDerivative(x)))}),
});

/**
 * Sigmoid linear unit, also called swish (Ramachandran et al. 2017): `x sigmoid(x)`.
 *
 * @param x Any shape.
 */
export function silu(x: tf.Tensor): tf.Tensor {
  return kernel({x}, {}).y;
}
