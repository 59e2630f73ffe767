/**
 * The recurrences of RWKV as functions of the authors' parameters, under their name WKV. Each takes the state before the
 * first position, null at the beginning, and gives the state after the last.
 *
 *     B    batch                  T    positions, t counts them
 *     A    channels (attentionSize)
 *     k, v keys and values [B, T, A]
 *     H, N heads and their size, H N = A
 *     r    receptance: what reads the state [B, T, H, N]
 */
import type * as tf from '@tensorflow/tfjs';
import {deltaRule, linearRecurrence, type WeightedAverageState, weightedAverageScan} from '@variants/core';

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

/**
 * Versions 5 and 6 (Peng et al. 2024, "Eagle and Finch: RWKV with Matrix-Valued States and Dynamic Recurrence", arXiv
 * 2404.05892, equations 4 and 14): each head has a matrix S, and with d = e^(-e^timeDecay)
 *
 *     y_t = r_tᵀ (S_{t-1} + diag(u) k_t v_tᵀ);   S_t = diag(d_t) S_{t-1} + k_t v_tᵀ
 *
 * @param timeDecay [H, N] in version 5; of each position, [B, T, H, N], in version 6.
 * @param bonus u [H, N]
 * @param r, k, v [B, T, H, N]
 * @param state S [B, H, N, N], keys before values.
 */
export function wkv56(
  timeDecay: tf.Tensor,
  bonus: tf.Tensor,
  r: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  state: tf.Tensor | null,
): {output: tf.Tensor; state: tf.Tensor} {
  return linearRecurrence(r, k, v, {decay: timeDecay.exp().neg(), bonus, state});
}

/**
 * Version 7 (Peng et al. 2025, "RWKV-7 "Goose" with Expressive Dynamic State Evolution", arXiv 2503.14456, equation 17): the state may also
 * change what it holds under a key a, with S as keys before values, the transpose of the paper's:
 *
 *     S_t = diag(e^decay_t) S_{t-1} + b_t (a_tᵀ S_{t-1}) + k_t v_tᵀ;   y_t = r_tᵀ S_t
 *
 * @param r, k, v, a, b [B, T, H, N]
 * @param decay Logarithms, [B, T, H, N].
 * @param state S [B, H, N, N], keys before values.
 */
export function wkv7(
  r: tf.Tensor,
  decay: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  a: tf.Tensor,
  b: tf.Tensor,
  state: tf.Tensor | null,
): {output: tf.Tensor; state: tf.Tensor} {
  return deltaRule(r, k, v, {lookups: a, corrections: b, decay, state});
}
