import * as tf from '@tensorflow/tfjs';
import {requireOptions, requireTensors} from '../../arguments';
import {defineKernel} from '../define-kernel';
import {assertRecurrence, assertShape, decayPerKey} from '../recurrence-inputs';
import {linearRecurrenceGradient} from './gradient';
import {linearRecurrenceReference} from './reference';
import type {LinearRecurrenceInputs, LinearRecurrenceOutputs} from './types';

const kernel = defineKernel<LinearRecurrenceInputs, Record<string, never>, LinearRecurrenceOutputs>({
  name: 'LinearRecurrence',
  outputs: ['output', 'state'],
  differentiable: ['queries', 'keys', 'values', 'decay', 'bonus', 'state'],
  reference: linearRecurrenceReference,
  gradient: linearRecurrenceGradient,
});

/** Options of {@link linearRecurrence}. */
export interface LinearRecurrenceOptions {
  /**
   * The logarithm of what a step leaves of the state, at most 0: for each head [heads] or key feature [heads, key size],
   * or of each position, [batch, time, heads] or [batch, time, heads, key size]. Default 0: nothing is forgotten.
   */
  decay?: tf.Tensor;
  /**
   * u [heads, key size]: a position reads the state before it, and itself with this weight. Default: it reads the state
   * with itself in it.
   */
  bonus?: tf.Tensor;
  /** S [batch, heads, key size, value size] before the first position. Default zeros. */
  state?: tf.Tensor | null;
}

/**
 * Linear attention as an RNN with a matrix for its state, which decays (RetNet, Sun et al. 2023; Eagle and Finch, Peng et
 * al. 2024; without decay Katharopoulos et al. 2020). With d = e^decay, for each head
 *
 *     S_t = diag(d_t) S_{t-1} + k_t v_tᵀ
 *     y_t = q_tᵀ S_t,      or with a bonus u      y_t = q_tᵀ (S_{t-1} + diag(u) k_t v_tᵀ)
 *
 * Memory, with gradients too, is linear in time; any length and any decay will do.
 *
 * @param queries q [batch, time, heads, key size]
 * @param keys k, like q
 * @param values v [batch, time, heads, value size]
 * @returns `output` y [batch, time, heads, value size], and `state`, S after the last position.
 * @throws ShapeError when shapes do not fit each other, or time is 0.
 */
export function linearRecurrence(
  queries: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  options: LinearRecurrenceOptions = {},
): {output: tf.Tensor; state: tf.Tensor} {
  requireTensors('linearRecurrence', {queries, keys, values});
  requireOptions('linearRecurrence', options, ['decay', 'bonus', 'state']);
  const {decay, bonus, state} = options;
  assertRecurrence('linearRecurrence', keys, {queries}, values, state);
  const [, , heads, keySize] = keys.shape;
  assertShape('linearRecurrence', 'bonus', bonus, [heads, keySize], keys);
  return tf.tidy(() => {
    const perKey = decayPerKey('linearRecurrence', decay, keys);
    return kernel({queries, keys, values, decay: perKey, bonus, state: state ?? undefined}, {});
  });
}
