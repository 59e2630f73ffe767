import * as tf from '@tensorflow/tfjs';
import {alongTime} from '../along-time';
import {
  firstState,
  nextState,
  outer,
  type RecurrencePosition,
  readState,
  recurrencePositions,
} from '../linear-recurrence/reference';
import type {DeltaRuleInputs, DeltaRuleOutputs} from './types';

/** The tensors of one position. */
export interface DeltaPosition extends RecurrencePosition {
  /** What is looked up, and under which keys it is added, [batch, heads, key size]. */
  a: tf.Tensor;
  b: tf.Tensor;
}

/** The positions of a call, one after the other. */
export function deltaPositions(inputs: DeltaRuleInputs): DeltaPosition[] {
  const [as, bs] = [inputs.lookups, inputs.corrections].map(alongTime);
  return recurrencePositions(inputs).map((position, t) => ({...position, a: as[t], b: bs[t]}));
}

/** The state after a position. */
export const nextDeltaState = (S: tf.Tensor, position: DeltaPosition): tf.Tensor =>
  nextState(S, position).add(outer(position.b, readState(position.a, S)));

/** The delta rule position by position, composed from tf ops. */
export function deltaRuleReference(inputs: DeltaRuleInputs): DeltaRuleOutputs {
  return tf.tidy(() => {
    let state = firstState(inputs);
    const outputs = deltaPositions(inputs).map((position) => {
      state = nextDeltaState(state, position);
      return readState(position.q, state);
    });
    return {output: tf.stack(outputs, 1), state};
  });
}
