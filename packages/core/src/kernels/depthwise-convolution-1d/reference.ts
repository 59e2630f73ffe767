import * as tf from '@tensorflow/tfjs';
import {padAxis} from '../padding';
import {sumOf} from '../sum-of';
import type {DepthwiseConvolution1dAttributes, DepthwiseConvolution1dInputs} from './types';

/** x with the rows that are outside of it: `left` before and the rest of the filter's size behind. */
export function extended(
  {x, filter, before}: DepthwiseConvolution1dInputs,
  {left}: DepthwiseConvolution1dAttributes,
): tf.Tensor {
  const right = filter.shape[0] - 1 - left;
  if (before) return tf.concat([before, x], 1);
  return padAxis(x, 1, left, right);
}

/** The convolution as a sum over the filter's taps, composed from tf ops. */
export function depthwiseConvolution1dReference(
  inputs: DepthwiseConvolution1dInputs,
  attributes: DepthwiseConvolution1dAttributes,
): tf.Tensor {
  return tf.tidy(() => {
    const {x, filter, bias} = inputs;
    const rows = extended(inputs, attributes);
    const taps = Array.from({length: filter.shape[0]}, (_, j) =>
      rows.slice([0, j, 0], x.shape).mul(filter.slice([j, 0], [1, -1])),
    );
    return sumOf(bias ? [...taps, bias.broadcastTo(x.shape)] : taps);
  });
}
