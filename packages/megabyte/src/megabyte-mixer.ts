/**
 * REPLACE: the mixer's idea and its source (authors, year, title, arXiv number), then the paper's symbols.
 *
 * A running mean of values: of what a position and all before it have in their values, every one counts the same.
 *
 *     B    batch                          T    positions, s and t count them
 *     v    values [B, T, V]               m    1 for a token, 0 for padding [B, T, 1]
 *     S    sum of the values [B, 1, V]    n    how many they were [B, 1, 1]
 *     o    means [B, T, V]
 */
import * as tf from '@tensorflow/tfjs';

/** What a stream of the mixer remembers, in tensors alone: with a number in it no step of one token could be recorded. */
export type MegabyteMixerMemory = {
  /** S, [batch, 1, value size]. */
  sum: tf.Tensor;
  /** n, [batch, 1, 1]. */
  count: tf.Tensor;
};

/**
 * The mean of all values so far, any number of positions after any others, each at constant cost:
 *
 *     S_t = S_{t-1} + m_t v_t;   n_t = n_{t-1} + m_t;   o_t = S_t / max(n_t, 1)
 *
 * @param v [batch, time, value size]
 * @param m [batch, time, 1], or null where nothing is padding.
 * @param memory Of the positions before; null at the first.
 * @returns `output` o [batch, time, value size] and the memory after the last position.
 */
export function megabyteMixer(
  v: tf.Tensor,
  m: tf.Tensor | null,
  memory: MegabyteMixerMemory | null,
): {output: tf.Tensor; memory: MegabyteMixerMemory} {
  return tf.tidy(() => {
    const [batch, time] = v.shape as number[];
    const present = m ?? tf.ones([batch, time, 1]);
    const S = continuedSum(v.mul(present), memory?.sum);
    const n = continuedSum(present, memory?.count);
    const last = (x: tf.Tensor) => x.slice([0, time - 1, 0], [-1, 1, -1]);
    return {output: S.div(n.maximum(1)), memory: {sum: last(S), count: last(n)}};
  });
}

/** The sums of x [batch, time, size] over all positions up to each, those before it included. */
function continuedSum(x: tf.Tensor, before?: tf.Tensor): tf.Tensor {
  // Along the last axis: tfjs's gradient of cumsum is wrong along any other.
  const sums = x.transpose([0, 2, 1]).cumsum(2).transpose([0, 2, 1]);
  return before ? sums.add(before) : sums;
}
