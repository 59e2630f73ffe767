import type * as tf from '@tensorflow/tfjs';
import {requireOptionalTensors, requireOptions, requireTensors} from '../../arguments';
import {ShapeError} from '../../errors';
import {defineKernel} from '../define-kernel';
import {depthwiseConvolution1dGradient} from './gradient';
import {depthwiseConvolution1dReference} from './reference';
import type {DepthwiseConvolution1dAttributes, DepthwiseConvolution1dInputs} from './types';

const kernel = defineKernel<DepthwiseConvolution1dInputs, DepthwiseConvolution1dAttributes, {y: tf.Tensor}>({
  name: 'DepthwiseConvolution1d',
  outputs: ['y'],
  differentiable: ['x', 'filter', 'bias', 'before'],
  reference: (inputs, attributes) => ({y: depthwiseConvolution1dReference(inputs, attributes)}),
  gradient: ({y: g}, inputs, _, attributes) => depthwiseConvolution1dGradient(g, inputs, attributes),
});

/** Options of {@link depthwiseConvolution1d}. */
export interface DepthwiseConvolution1dOptions {
  /** [channels], is added. Default none. */
  bias?: tf.Tensor;
  /**
   * `causal`: a position's last tap is the position itself; `centred`: its middle tap is, of an even number the one before
   * the middle. Default `causal`.
   */
  padding?: 'causal' | 'centred';
  /** The rows before the first, [batch, size - 1, channels], where the convolution is causal. Default zeros. */
  before?: tf.Tensor | null;
}

/**
 * Convolves each channel with a short filter of its own, along time:
 *
 *     y[t] = bias + sum_j filter[j] x[t + j - left],   left = size - 1 when causal, floor((size - 1) / 2) when centred
 *
 * where x is 0, or a row of `before`, outside of the sequence.
 *
 * @param x [batch, time, channels]
 * @param filter [size, channels]
 * @returns [batch, time, channels]
 * @throws ShapeError when shapes do not fit each other, or rows before the first are given and padding is centred.
 */
export function depthwiseConvolution1d(
  x: tf.Tensor,
  filter: tf.Tensor,
  options: DepthwiseConvolution1dOptions = {},
): tf.Tensor {
  requireTensors('depthwiseConvolution1d', {x, filter});
  requireOptions('depthwiseConvolution1d', options, ['bias', 'padding', 'before']);
  const {bias, padding = 'causal', before} = options;
  requireOptionalTensors('depthwiseConvolution1d', {bias, before});
  const [batch, , channels] = x.shape;
  const [size] = filter.shape;
  if (x.rank !== 3) throw new ShapeError(`depthwiseConvolution1d: x [${x.shape}] must be [batch, time, channels]`);
  assertShape('filter', filter, [Math.max(1, size), channels], x);
  assertShape('bias', bias, [channels], x);
  assertShape('before', before, [batch, size - 1, channels], x);
  if (before && padding === 'centred')
    throw new ShapeError('depthwiseConvolution1d: before goes with padding causal, not centred');
  const left = padding === 'causal' ? size - 1 : Math.floor((size - 1) / 2);
  return kernel({x, filter, bias, before: before ?? undefined}, {left}).y;
}

function assertShape(name: string, tensor: tf.Tensor | null | undefined, wanted: number[], x: tf.Tensor): void {
  if (tensor && tensor.shape.join() !== wanted.join())
    throw new ShapeError(`depthwiseConvolution1d: ${name} [${tensor.shape}] must be [${wanted}], as x is [${x.shape}]`);
}
