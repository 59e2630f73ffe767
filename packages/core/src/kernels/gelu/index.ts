import type * as tf from '@tensorflow/tfjs';
import {requireTensors} from '../../arguments';
import {defineKernel} from '../define-kernel';
import {geluDerivative, geluReference} from './reference';

const kernel = defineKernel<{x: tf.Tensor}, {approximate: boolean}, {y: tf.Tensor}>({
  name: 'Gelu',
  outputs: ['y'],
  differentiable: ['x'],
  reference: ({x}, {approximate}) => ({y: geluReference(x, approximate)}),
  gradient: ({y: g}, {x}, _, {approximate}) => ({x: g.mul(geluDerivative(x, approximate))}),
});

/**
 * Gaussian error linear unit (Hendrycks and Gimpel 2016): `x Φ(x)`, with Φ the normal distribution function.
 *
 *     exact:        x/2 (1 + erf(x / sqrt 2))
 *     approximate:  x/2 (1 + tanh(sqrt(2/π) (x + 0.044715 x³)))      as in GPT-2 ("gelu_new")
 *
 * @param x Any shape.
 * @param approximate Default false.
 */
export function gelu(x: tf.Tensor, approximate = false): tf.Tensor {
  requireTensors('gelu', {x});
  return kernel({x}, {approximate}).y;
}
