import * as tf from '@tensorflow/tfjs';
import {requireGiven, requireTensors} from '../../arguments';
import {defineKernel} from '../define-kernel';
import {assertRecurrence, decayPerKey} from '../recurrence-inputs';
import {deltaRuleGradient} from './gradient';
import {deltaRuleReference} from './reference';
import type {DeltaRuleInputs, DeltaRuleOutputs} from './types';

const kernel = defineKernel<DeltaRuleInputs, Record<string, never>, DeltaRuleOutputs>({
  name: 'DeltaRule',
  outputs: ['output', 'state'],
  differentiable: ['queries', 'keys', 'values', 'lookups', 'corrections', 'decay', 'state'],
  reference: deltaRuleReference,
  gradient: deltaRuleGradient,
});

/** Options of {@link deltaRule}. */
export interface DeltaRuleOptions {
  /** a [batch, time, heads, key size]: what a position looks up in the state before it. */
  lookups: tf.Tensor;
  /** b [batch, time, heads, key size]: under which keys what was found is added. */
  corrections: tf.Tensor;
  /**
   * The logarithm of what a step leaves of the state, at most 0: for each head [heads] or key feature [heads, key size],
   * or of each position, [batch, time, heads] or [batch, time, heads, key size]. Default 0: nothing is forgotten.
   */
  decay?: tf.Tensor;
  /** S [batch, heads, key size, value size] before the first position. Default zeros. */
  state?: tf.Tensor | null;
}

/**
 * The generalised delta rule (RWKV-7, Peng et al. 2025, arXiv 2503.14456, equation 17): a recurrence that can also take out of its
 * state what it finds there. With d = e^decay, for each head
 *
 *     S_t = diag(d_t) S_{t-1} + b_t (a_tᵀ S_{t-1}) + k_t v_tᵀ;     y_t = q_tᵀ S_t
 *
 * The plain delta rule (Schlag et al. 2021) has a = k, b = -β k, and β v for v. Memory, with gradients too, is linear in time.
 *
 * @param queries q [batch, time, heads, key size]
 * @param keys k, like q
 * @param values v [batch, time, heads, value size]
 * @returns `output` y [batch, time, heads, value size], and `state`, S after the last position.
 * @throws ShapeError when shapes do not fit each other, or time is 0.
 */
export function deltaRule(
  queries: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  options: DeltaRuleOptions,
): {output: tf.Tensor; state: tf.Tensor} {
  requireTensors('deltaRule', {queries, keys, values});
  requireGiven('deltaRule', options, ['lookups', 'corrections', 'decay', 'state']);
  const {lookups, corrections, decay, state} = options;
  assertRecurrence('deltaRule', keys, {queries, lookups, corrections}, values, state);
  return tf.tidy(() => {
    const perKey = decayPerKey('deltaRule', decay, keys);
    return kernel({queries, keys, values, lookups, corrections, decay: perKey, state: state ?? undefined}, {});
  });
}
