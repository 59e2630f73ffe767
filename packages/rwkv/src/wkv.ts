/**
 * The recurrences of RWKV as functions of the authors' parameters, under their name WKV. Each takes the state before the
 * first position, null at the beginning, and gives the state after the last.
 *
 *     B    batch                  T    positions, t counts them
 *     A    channels (attentionSize)
 *     k, v keys and values [B, T, A]
 */
import type * as tf from '@tensorflow/tfjs';
import {type WeightedAverageState, weightedAverageScan} from '@variants/core';

/**
 * Version 4 (Peng et al. 2023, "RWKV: Reinventing RNNs for the Transformer Era", arXiv 2305.13048, equation 16): an average of all
 * values so far, whose weights e^k fall by e^w per step, where w = -e^timeDecay:
 *
 *     y_t = (Σ_{i<t} e^((t-1-i) w + k_i) v_i + e^(u + k_t) v_t) / (Σ_{i<t} e^((t-1-i) w + k_i) + e^(u + k_t))
 *
 * @param timeDecay [A]
 * @param timeFirst u [A]
 * @param k, v [B, T, A]
 */
export function wkv4(
  timeDecay: tf.Tensor,
  timeFirst: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  state: WeightedAverageState | null,
): {output: tf.Tensor; state: WeightedAverageState} {
  return weightedAverageScan(k, v, {decay: timeDecay.exp().neg(), bonus: timeFirst, state});
}
