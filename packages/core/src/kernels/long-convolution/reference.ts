import * as tf from '@tensorflow/tfjs';
import {cyclicFilter, cyclicShape, positionsOf, product, spectrumOf} from './cyclic';
import type {LongConvolutionAttributes, LongConvolutionInputs} from './types';

/** The convolution and the skip term, before the gate. */
export function ungated(inputs: LongConvolutionInputs, attributes: LongConvolutionAttributes): tf.Tensor {
  const {x, skip} = inputs;
  const shape = cyclicShape(inputs, attributes);
  const spectrum = product(spectrumOf(x, shape.length), spectrumOf(cyclicFilter(inputs, shape), shape.length));
  const y = positionsOf(spectrum, shape.length, x.shape[1]);
  return skip ? y.add(x.mul(skip)) : y;
}

/** The definition of `longConvolution`, by the spectra of the whole sequence and the whole filter. */
export function longConvolutionReference(
  inputs: LongConvolutionInputs,
  attributes: LongConvolutionAttributes,
): tf.Tensor {
  return tf.tidy(() => {
    const y = ungated(inputs, attributes);
    return inputs.gate ? y.mul(inputs.gate) : y;
  });
}
