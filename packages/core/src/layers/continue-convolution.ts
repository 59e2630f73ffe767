import type * as tf from '@tensorflow/tfjs';
import {type ConvolutionState, type OnlineConvolutionOptions, onlineConvolution} from '../kernels/online-convolution';
import type {StateTree} from '../streams/state-tree';

/** What a stream of a long convolution remembers whose filter is made by a network. */
export type FilteredState = {
  convolution: ConvolutionState;
  /** The filter as far as there is room, [capacity, channels]. */
  taps: tf.Tensor;
};

/**
 * The next rows of a causal long convolution, exactly, see {@link onlineConvolution}, for filters that a network makes: they
 * are made when there is need for more room, and then kept with the state.
 *
 * @param x [batch, time, channels]
 * @param state What the call before returned, or null to start.
 * @param capacity Positions that there is to be room for; never fewer than there was room for before.
 * @param makeTaps The filter of a length, [length, channels].
 */
export function continueConvolution(
  x: tf.Tensor,
  state: StateTree | null,
  capacity: number,
  makeTaps: (length: number) => tf.Tensor,
  options: Pick<OnlineConvolutionOptions, 'skip' | 'gate'> = {},
): {output: tf.Tensor; state: FilteredState} {
  const before = state as FilteredState | null;
  const room = Math.max(capacity, before?.taps.shape[0] ?? 0);
  const taps = before?.taps.shape[0] === room ? before.taps : makeTaps(room);
  const step = onlineConvolution(x, taps, before?.convolution ?? null, {...options, capacity: room});
  return {output: step.output, state: {convolution: step.state, taps}};
}
