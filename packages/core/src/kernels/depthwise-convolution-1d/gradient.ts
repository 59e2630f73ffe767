import * as tf from '@tensorflow/tfjs';
import {padAxis} from '../padding';
import {sumOf} from '../sum-of';
import {extended} from './reference';
import type {DepthwiseConvolution1dAttributes, DepthwiseConvolution1dInputs} from './types';

/**
 * The gradient in closed form. With g the output's: the rows get the correlation of g with the filter,
 * dx[s] = sum_j filter[j] g[s - j + left], also those before the first; a tap gets dfilter[j] = sum_t g[t] x[t + j - left],
 * and the bias the sum of g.
 */
export function depthwiseConvolution1dGradient(
  g: tf.Tensor,
  inputs: DepthwiseConvolution1dInputs,
  attributes: DepthwiseConvolution1dAttributes,
): {[name in keyof DepthwiseConvolution1dInputs]: tf.Tensor} {
  return tf.tidy(() => {
    const {x, filter, bias, before} = inputs;
    const rows = extended(inputs, attributes);
    const last = filter.shape[0] - 1;
    const dRows = sumOf(
      Array.from({length: last + 1}, (_, j) => padAxis(g.mul(filter.slice([j, 0], [1, -1])), 1, j, last - j)),
    );
    const taps = Array.from({length: last + 1}, (_, j) => g.mul(rows.slice([0, j, 0], x.shape)).sum([0, 1]));
    return {
      x: dRows.slice([0, attributes.left, 0], x.shape),
      filter: tf.stack(taps),
      ...(bias && {bias: g.sum([0, 1])}),
      ...(before && {before: dRows.slice([0, 0, 0], before.shape as [number, number, number])}),
    };
  });
}
