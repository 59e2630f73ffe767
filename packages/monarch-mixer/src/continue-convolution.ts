import type * as tf from '@tensorflow/tfjs';
import {
  type Advanced,
  type ConvolutionState,
  type OnlineConvolutionOptions,
  onlineConvolution,
  type StateTree,
} from '@variants/core';

/** What a stream of long convolutions remembers. */
type FilteredState = {
  convolution: ConvolutionState;
  /** The filter as far as there is room, [capacity, channels]; made when there is need for more, and then kept. */
  taps: tf.Tensor;
};

/**
 * The causal long convolution of the next rows of a sequence, exactly.
 * @param x [batch, time, channels]
 * @param capacity Positions that there is to be room for.
 * @param makeTaps The filter of a length, [length, channels].
 */
export function continueConvolution(
  x: tf.Tensor,
  state: StateTree | null,
  capacity: number,
  makeTaps: (length: number) => tf.Tensor,
  options: Pick<OnlineConvolutionOptions, 'skip' | 'gate'> = {},
): Advanced {
  const before = state as FilteredState | null;
  const taps = before?.taps.shape[0] === capacity ? before.taps : makeTaps(capacity);
  const step = onlineConvolution(x, taps, before?.convolution ?? null, {...options, capacity});
  return {output: step.output, state: {convolution: step.state, taps}};
}
