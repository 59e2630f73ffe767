/**
 * The Hyena operator: gates and long convolutions in turn (Poli et al. 2023, "Hyena Hierarchy: Towards Larger Convolutional
 * Language Models", arXiv 2302.10866, definition 3.1).
 *
 *     B, T   batch, positions          D      width
 *     N      order, at least 2         v      value [B, T, D]
 *     x_i    gates x_0 .. x_{N-1}, [B, T, D] each
 *     k_o    filters k_0 .. k_{N-2}, [taps, D] each; tap 0 is of the position itself
 *     d_o    what is added of a convolution's input, [D] each
 *
 *     v <- v * x_{N-1}
 *     v <- (k_o conv v + d_o v) * x_{N-2-o}      for o = 0 .. N-2
 */

import * as tf from '@tensorflow/tfjs';
import {
  type LongConvolutionOptions,
  longConvolution,
  requireArgument,
  requireRank,
  requireTensors,
  ShapeError,
} from '@variants/core';

/** Long convolution number o of v [B, T, D], its skip term included, times the gate. */
export type GatedConvolution = (v: tf.Tensor, o: number, gate: tf.Tensor) => tf.Tensor;

/**
 * Gates and convolutions in turn, whatever the convolutions are, on value [B, T, D] and gates x_0 .. x_{N-1} like it:
 *
 *     v <- v * x_{N-1};      v <- convolve(v, o) * x_{N-2-o}  for o = 0 .. N-2
 */
export function alternateGates(value: tf.Tensor, gates: readonly tf.Tensor[], convolve: GatedConvolution): tf.Tensor {
  const last = gates.length - 1;
  let v = value.mul(gates[last]);
  for (let o = 0; o < last; o++) v = convolve(v, o, gates[last - 1 - o]);
  return v;
}

/**
 * The Hyena operator (definition 3.1), causal, in O(N D T log T):
 *
 *     v <- v * x_{N-1};      v <- (k_o conv v + d_o v) * x_{N-2-o}  for o = 0 .. N-2
 *
 * @param value v [batch, time, width]
 * @param gates x_0 .. x_{N-1}, like v each; the last one is used first.
 * @param filters k_0 .. k_{N-2}, [taps, width] each; tap 0 is of the position itself.
 * @param skips d_0 .. d_{N-2}, [width] each. Default: zeros.
 * @returns [batch, time, width]
 * @throws ShapeError when the numbers or shapes do not go together.
 */
export function hyenaOperator(
  value: tf.Tensor,
  gates: readonly tf.Tensor[],
  filters: readonly tf.Tensor[],
  skips?: readonly tf.Tensor[],
): tf.Tensor {
  requireRank('hyena', {value}, '[batch, time, width]');
  for (const [name, list] of Object.entries({gates, filters, skips: skips ?? []})) {
    requireArgument('hyena', name, list, Array.isArray(list), 'a list of tensors');
    for (const tensor of list) requireTensors('hyena', {[name]: tensor});
  }
  if (gates.length < 2 || filters.length !== gates.length - 1 || (skips && skips.length !== filters.length))
    throw new ShapeError(
      `hyena: ${gates.length} gates, ${filters.length} filters and ${skips?.length ?? 'no'} skips do not go together; there must be at least two gates and one filter, and skip if any, less than gates`,
    );
  return tf.tidy(() =>
    alternateGates(value, gates, (v, o, gate) => longConvolution(v, filters[o], {skip: skips?.[o], gate})),
  );
}

/**
 * A long convolution inside of blocks, as the authors' code has it (its option num_blocks): each block of l positions is
 * convolved for itself with the filter's first 2 l taps, cyclically over 2 l positions of which the second half is zeros:
 *
 *     y[t] = gate[t] (Σ_s k[(t - s) mod 2l] v[s] + skip v[t]),   s and t in the same block
 *
 * So taps l+1 .. 2l-1 are of later positions: it is not causal.
 * @param v [batch, time, channels], time a multiple of the number of blocks.
 * @param filter [time, channels]
 */
export function blockConvolution(
  v: tf.Tensor,
  filter: tf.Tensor,
  numBlocks: number,
  {skip, gate}: Pick<LongConvolutionOptions, 'skip' | 'gate'>,
): tf.Tensor {
  const [batch, time, channels] = v.shape as number[];
  const length = time / numBlocks;
  const inBlocks = (x: tf.Tensor) => x.reshape([batch * numBlocks, length, channels]);
  const taps = filter.slice([0, 0], [length, channels]);
  const future = length > 1 ? filter.slice([length + 1, 0], [length - 1, channels]).reverse(0) : undefined;
  const y = longConvolution(inBlocks(v), taps, {skip, future, gate: gate && inBlocks(gate)});
  return y.reshape(v.shape);
}
