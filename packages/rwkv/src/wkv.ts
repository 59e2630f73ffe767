/**
 * The recurrences of RWKV under the authors' name, WKV. Each takes r, k and v in this order (version 4 reads its sums
 * without r) and all else by name, the state before the first position among it, and gives the state after the last.
 *
 *     B    batch                  T    positions, t counts them
 *     A    channels (attentionSize)
 *     H, N heads and their size, H N = A
 *     k, v keys and values, [B, T, A] in version 4, then [B, T, H, N]
 *     r    receptance: what reads the state [B, T, H, N]
 *     d    what a step leaves of the state, from 0 to 1; given as log d (logDecay)
 *     u    bonus: what a position gives itself beyond those before it
 *     S    the state of a head, keys before values [B, H, N, N]
 */

import type * as tf from '@tensorflow/tfjs';
import {
  deltaRule,
  linearRecurrence,
  requireGiven,
  requireTensors,
  type WeightedAverageState,
  weightedAverageScan,
} from '@variants/core';

/** What {@link wkv4} takes beside keys and values. */
export interface Wkv4Options {
  /** log d [A], at most 0. */
  logDecay: tf.Tensor;
  /** u [A]. */
  bonus: tf.Tensor;
  /** The sums over the positions before, each [B, A]. Default: there are none. */
  state?: WeightedAverageState | null;
}

/**
 * Version 4 (Peng et al. 2023, "RWKV: Reinventing RNNs for the Transformer Era", arXiv 2305.13048, equation 16): an average of all
 * values so far, whose weights e^k fall by d per step; the paper's w is -log d:
 *
 *     y_t = (Σ_{i<t} d^(t-1-i) e^(k_i) v_i + e^(u + k_t) v_t) / (Σ_{i<t} d^(t-1-i) e^(k_i) + e^(u + k_t))
 *
 * @param k [B, T, A]
 * @param v [B, T, A]
 * @returns `output` y [B, T, A], and the state to go on with.
 * @throws ShapeError when shapes do not fit each other, or T is 0.
 */
export function wkv4(
  k: tf.Tensor,
  v: tf.Tensor,
  options: Wkv4Options,
): {output: tf.Tensor; state: WeightedAverageState} {
  requireTensors('wkv4', {k, v});
  requireGiven('wkv4', options, ['logDecay', 'bonus', 'state']);
  const {logDecay, bonus, state} = options;
  return weightedAverageScan(k, v, {decay: logDecay, bonus, state});
}

/** What {@link wkv56} takes beside receptance, keys and values. */
export interface Wkv56Options {
  /** log d, at most 0: [H, N] in version 5; of each position, [B, T, H, N], in version 6. */
  logDecay: tf.Tensor;
  /** u [H, N]. */
  bonus: tf.Tensor;
  /** S before the first position [B, H, N, N]. Default zeros. */
  state?: tf.Tensor | null;
}

/**
 * Versions 5 and 6 (Peng et al. 2024, "Eagle and Finch: RWKV with Matrix-Valued States and Dynamic Recurrence", arXiv
 * 2404.05892, equations 4 and 14): each head has a matrix S:
 *
 *     y_t = r_tᵀ (S_{t-1} + diag(u) k_t v_tᵀ);   S_t = diag(d_t) S_{t-1} + k_t v_tᵀ
 *
 * @param r [B, T, H, N]
 * @param k [B, T, H, N]
 * @param v [B, T, H, N]
 * @returns `output` y [B, T, H, N], and the state to go on with.
 * @throws ShapeError when shapes do not fit each other, or T is 0.
 */
export function wkv56(
  r: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  options: Wkv56Options,
): {output: tf.Tensor; state: tf.Tensor} {
  requireTensors('wkv56', {r, k, v});
  requireGiven('wkv56', options, ['logDecay', 'bonus', 'state']);
  const {logDecay, bonus, state} = options;
  return linearRecurrence(r, k, v, {decay: logDecay, bonus, state});
}

/** What {@link wkv7} takes beside receptance, keys and values. */
export interface Wkv7Options {
  /** log d [B, T, H, N], at most 0. */
  logDecay: tf.Tensor;
  /** a [B, T, H, N]: the key under which a position looks into the state before it. */
  lookups: tf.Tensor;
  /** b [B, T, H, N]: the key under which what was found is added. */
  corrections: tf.Tensor;
  /** S before the first position [B, H, N, N]. Default zeros. */
  state?: tf.Tensor | null;
}

/**
 * Version 7 (Peng et al. 2025, "RWKV-7 "Goose" with Expressive Dynamic State Evolution", arXiv 2503.14456, equation 17): the state may also
 * change what it holds under a key a, with S as keys before values, the transpose of the paper's:
 *
 *     S_t = diag(d_t) S_{t-1} + b_t (a_tᵀ S_{t-1}) + k_t v_tᵀ;   y_t = r_tᵀ S_t
 *
 * @param r [B, T, H, N]
 * @param k [B, T, H, N]
 * @param v [B, T, H, N]
 * @returns `output` y [B, T, H, N], and the state to go on with.
 * @throws ShapeError when shapes do not fit each other, or T is 0.
 */
export function wkv7(
  r: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  options: Wkv7Options,
): {output: tf.Tensor; state: tf.Tensor} {
  requireTensors('wkv7', {r, k, v});
  requireGiven('wkv7', options, ['logDecay', 'lookups', 'corrections', 'state']);
  const {logDecay, lookups, corrections, state} = options;
  return deltaRule(r, k, v, {lookups, corrections, decay: logDecay, state});
}
