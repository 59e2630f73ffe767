import * as tf from '@tensorflow/tfjs';
import {requireOptions, requireTensors} from '../../arguments';
import {ConfigError, ShapeError} from '../../errors';
import {defineKernel} from '../define-kernel';
import {longConvolutionGradient} from './gradient';
import {longConvolutionReference} from './reference';
import type {LongConvolutionAttributes, LongConvolutionInputs} from './types';

export type {LongConvolutionAttributes} from './types';

const kernel = defineKernel<LongConvolutionInputs, LongConvolutionAttributes, {y: tf.Tensor}>({
  name: 'LongConvolution',
  outputs: ['y'],
  differentiable: ['x', 'filter', 'future', 'skip', 'gate'],
  reference: (inputs, attributes) => ({y: longConvolutionReference(inputs, attributes)}),
  gradient: ({y: g}, inputs, _, attributes) => longConvolutionGradient(g, inputs, attributes),
});

/** Options of {@link longConvolution}. */
export interface LongConvolutionOptions {
  /**
   * 'causal': there are zeros before the start. 'circular': the sequence follows itself, lag t - s counts modulo time, and
   * taps beyond time meet nothing. Default 'causal'.
   */
  mode?: 'causal' | 'circular';
  /** The taps of later positions, [futureLength, channels]; tap j is of position t + 1 + j. Not when circular. Default none. */
  future?: tf.Tensor;
  /** Multiplies x, which is added to the convolution; [channels]. Default none. */
  skip?: tf.Tensor;
  /** Multiplies the result, the skip term included; [batch, time, channels]. Default none. */
  gate?: tf.Tensor;
}

/**
 * The convolution along time of each channel with a filter that may be as long as the sequence (Romero et al. 2021; Poli et
 * al. 2023, section 2), in O(time log time):
 *
 *     y[t] = gate[t] (sum_{s <= t} filter[t - s] x[s] + sum_{s > t} future[s - t - 1] x[s] + skip x[t])
 *
 * @param x [batch, time, channels]
 * @param filter [filterLength, channels], of any length from 1 on; tap 0 is of the position itself
 * @returns [batch, time, channels]
 * @throws ShapeError when shapes do not fit each other, or time or the length of a filter is 0.
 * @throws ConfigError for a future part of a circular convolution, whose filter has all lags.
 */
export function longConvolution(x: tf.Tensor, filter: tf.Tensor, options: LongConvolutionOptions = {}): tf.Tensor {
  requireTensors('longConvolution', {x, filter});
  requireOptions('longConvolution', options, ['mode', 'future', 'skip', 'gate']);
  const {mode = 'causal', future, skip, gate} = options;
  if (x.rank !== 3 || x.size === 0)
    throw new ShapeError(`longConvolution: x [${x.shape}] must be [batch, time, channels], each at least 1`);
  const channels = x.shape[2] as number;
  for (const [name, taps] of Object.entries({filter, future}))
    if (taps && (taps.rank !== 2 || taps.shape[1] !== channels || taps.size === 0))
      throw new ShapeError(
        `longConvolution: ${name} [${taps.shape}] must be [length, ${channels}] as x is [${x.shape}], the length at least 1`,
      );
  requireShape('skip', skip, [channels], x);
  requireShape('gate', gate, x.shape, x);
  if (future && mode === 'circular')
    throw new ConfigError('longConvolution: future needs the mode causal; a circular filter has all lags');
  return kernel({x, filter, future, skip, gate}, {mode}).y;
}

function requireShape(name: string, tensor: tf.Tensor | undefined, shape: number[], x: tf.Tensor): void {
  if (tensor && !tf.util.arraysEqual(tensor.shape, shape))
    throw new ShapeError(`longConvolution: ${name} [${tensor.shape}] must be [${shape}] as x is [${x.shape}]`);
}
