import type * as tf from '@tensorflow/tfjs';
import {longConvolution} from '@variants/core';

/** Options of {@link blockConvolution}. */
export interface BlockConvolutionOptions {
  /** Multiplies v, which is added; [channels]. Default none. */
  skip?: tf.Tensor;
  /** Multiplies the result, like v. Default none. */
  gate?: tf.Tensor;
}

/**
 * Long convolutions inside of blocks, as the authors' code has them (its option num_blocks): each block of l positions is
 * convolved for itself with the filter's first 2 l taps, cyclically over 2 l positions of which the second half is zeros:
 *
 *     y[t] = Σ_s k[(t - s) mod 2l] v[s] + skip v[t],   s and t in the same block
 *
 * So taps l+1 .. 2l-1 are of later positions: it is not causal.
 * @param v [batch, time, channels], time a multiple of the number of blocks.
 * @param filter [time, channels]
 */
export function blockConvolution(
  v: tf.Tensor,
  filter: tf.Tensor,
  numBlocks: number,
  {skip, gate}: BlockConvolutionOptions = {},
): tf.Tensor {
  const [batch, time, channels] = v.shape as number[];
  const length = time / numBlocks;
  const inBlocks = (x: tf.Tensor) => x.reshape([batch * numBlocks, length, channels]);
  const taps = filter.slice([0, 0], [length, channels]);
  const future = length > 1 ? filter.slice([length + 1, 0], [length - 1, channels]).reverse(0) : undefined;
  const y = longConvolution(inBlocks(v), taps, {skip, future, gate: gate && inBlocks(gate)});
  return y.reshape(v.shape);
}
