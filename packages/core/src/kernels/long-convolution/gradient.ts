import * as tf from '@tensorflow/tfjs';
import {growAxis} from '../padding';
import {conjugateProduct, cyclicFilter, cyclicShape, positionsOf, spectrumOf} from './cyclic';
import {ungated} from './reference';
import type {LongConvolutionAttributes, LongConvolutionInputs} from './types';

/**
 * With u the convolution with the skip term, du = g gate, and capitals for spectra of the cyclic convolution:
 *
 *     dX = conj(K) dU (+ skip du),   dK = sum_batch conj(X) dU,   dskip = sum du x,   dgate = g u
 *
 * The gradients of the filter are at the lags of dk that it has taps at; those of taps that met no position are 0.
 */
export function longConvolutionGradient(
  outputGradient: tf.Tensor,
  inputs: LongConvolutionInputs,
  attributes: LongConvolutionAttributes,
): {[name in keyof LongConvolutionInputs]: tf.Tensor} {
  return tf.tidy(() => {
    const {x, filter, future, skip, gate} = inputs;
    const shape = cyclicShape(inputs, attributes);
    const {length, taps, futureTaps} = shape;
    const [, time, channels] = x.shape as number[];
    const du = gate ? outputGradient.mul(gate) : outputGradient;
    const dU = spectrumOf(du, length);
    const dx = positionsOf(conjugateProduct(dU, spectrumOf(cyclicFilter(inputs, shape), length)), length, time);
    const perRow = conjugateProduct(dU, spectrumOf(x, length));
    const dk = positionsOf({real: perRow.real.sum(0), imag: perRow.imag.sum(0)}, length);
    return {
      x: skip ? dx.add(du.mul(skip)) : dx,
      filter: growAxis(dk.slice([0, 0], [taps, channels]), 0, filter.shape[0]),
      ...(future && {
        future: growAxis(dk.slice([length - futureTaps, 0], [futureTaps, channels]).reverse(0), 0, future.shape[0]),
      }),
      ...(skip && {skip: du.mul(x).sum([0, 1])}),
      ...(gate && {gate: outputGradient.mul(ungated(inputs, attributes))}),
    };
  });
}
