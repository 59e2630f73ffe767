import * as tf from '@tensorflow/tfjs';
import {type WeightedAverageState, weightedAverageScan} from '@variants/core';
import {assertAlike} from './shapes';

/** Options of the averages over a sequence. */
export interface CausalOption {
  /** A position sees itself and earlier ones alone. Default false: all. */
  causal?: boolean;
}

/**
 * AFT-simple (Zhai et al. 2021, section 3.2), AFT-full without position biases: a softmax over positions for each channel,
 *
 *     y[t] = Σ_t' e^k[t'] v[t'] / Σ_t' e^k[t']
 *
 * over all t', or t' <= t where it is causal. Time and memory are linear in the sequence, and no key is too large.
 * @param keys k [batch, time, channels]
 * @param values v [batch, time, channels]
 * @returns [batch, time, channels]; without `causal` the same at every position.
 * @throws ShapeError when the shapes differ.
 */
export function aftSimple(keys: tf.Tensor, values: tf.Tensor, {causal = false}: CausalOption = {}): tf.Tensor {
  assertAlike('aftSimple', keys, values);
  if (causal) return tf.tidy(() => aftSimpleScan(keys, values, null).output);
  return tf.tidy(() => {
    const weights = tf.softmax(keys.transpose([0, 2, 1])).transpose([0, 2, 1]);
    return weights
      .mul(values)
      .sum(1, true)
      .tile([1, keys.shape[1] as number, 1]);
  });
}

/**
 * Causal {@link aftSimple} of the next piece of a sequence.
 * @param state Of the positions before, or null.
 * @returns The averages [batch, time, channels] and the sums over all positions so far.
 */
export function aftSimpleScan(
  keys: tf.Tensor,
  values: tf.Tensor,
  state: WeightedAverageState | null,
): {output: tf.Tensor; state: WeightedAverageState} {
  return tf.tidy(() => {
    const none = tf.zeros([keys.shape[2] as number]);
    return weightedAverageScan(keys, values, {decay: none, bonus: none, state});
  });
}
