import * as tf from '@tensorflow/tfjs';
import {alongTime} from '../along-time';
import type {LinearRecurrenceInputs, LinearRecurrenceOutputs} from './types';

/** The tensors of one position, [batch, heads, size] each. */
export interface RecurrencePosition {
  q: tf.Tensor;
  k: tf.Tensor;
  v: tf.Tensor;
  /** What is left of the state, [batch or 1, heads, key size, 1]. */
  kept: tf.Tensor;
}

/** The positions of a call, one after the other. */
export function recurrencePositions({queries, keys, values, decay}: LinearRecurrenceInputs): RecurrencePosition[] {
  const [qs, ks, vs] = [queries, keys, values].map(alongTime);
  const factors = decay.exp().expandDims(-1);
  const kept = decay.rank === 2 ? qs.map(() => factors.expandDims(0)) : alongTime(factors);
  return qs.map((q, t) => ({q, k: ks[t], v: vs[t], kept: kept[t]}));
}

/** The state before the first position: the given one, or zeros [batch, heads, key size, value size]. */
export function firstState({keys, values, state}: LinearRecurrenceInputs): tf.Tensor {
  const [batch, , heads, keySize] = keys.shape as number[];
  return state ?? tf.zeros([batch, heads, keySize, values.shape[3] as number]);
}

/** a bᵀ of the last axes: [..., n] and [..., m] to [..., n, m]. */
export const outer = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => a.expandDims(-1).mul(b.expandDims(-2));

/** aᵀ S over the key axis: [batch, heads, keys] and [batch, heads, keys, values] to [batch, heads, values]. */
export const readState = (a: tf.Tensor, S: tf.Tensor): tf.Tensor => tf.matMul(a.expandDims(-2), S).squeeze([-2]);

/** The state after a position. */
export const nextState = (S: tf.Tensor, {k, v, kept}: RecurrencePosition): tf.Tensor => S.mul(kept).add(outer(k, v));

/** The recurrence position by position, composed from tf ops. */
export function linearRecurrenceReference(inputs: LinearRecurrenceInputs): LinearRecurrenceOutputs {
  return tf.tidy(() => {
    const {bonus} = inputs;
    let state = firstState(inputs);
    const outputs = recurrencePositions(inputs).map((position) => {
      const {q, k, v} = position;
      const before = state;
      state = nextState(state, position);
      if (!bonus) return readState(q, state);
      return readState(q, before).add(q.mul(k).mul(bonus).sum(-1, true).mul(v));
    });
    return {output: tf.stack(outputs, 1), state};
  });
}
