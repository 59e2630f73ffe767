import type * as tf from '@tensorflow/tfjs';
import type {SimdBackend} from '../backend';
import {assertKeySize} from './state-columns';

/** The tensors of a recurrence with a matrix for its state. */
export interface RecurrenceTensors {
  queries: tf.TensorInfo;
  keys: tf.TensorInfo;
  values: tf.TensorInfo;
  decay: tf.TensorInfo;
  bonus?: tf.TensorInfo;
  state?: tf.TensorInfo;
}

/** A list of tensors by their names. */
export const named = <Tensors>(names: string[], tensors: tf.TensorInfo[]): Tensors =>
  Object.fromEntries(names.map((name, i) => [name, tensors[i]])) as Tensors;

/** Where a tensor's values begin, or 0 where there is none. */
export const addressOf = (backend: SimdBackend, tensor: tf.TensorInfo | undefined): number =>
  tensor ? backend.address(tensor) : 0;

/**
 * The sizes of a call, and about how many multiplications it takes.
 * @throws ShapeError for keys that are too long for a thread's memory.
 */
export function sizesOf({keys, values}: RecurrenceTensors) {
  const [batch, time, heads, keySize] = keys.shape;
  assertKeySize(keySize);
  const valueSize = values.shape[3];
  const stateShape = [batch, heads, keySize, valueSize];
  return {batch, time, heads, keySize, valueSize, stateShape, work: 3 * batch * time * heads * keySize * valueSize};
}

/**
 * The arguments that all recurrences begin with, in both directions.
 * @param factors e^decay
 * @param last The state after the last position, where it is written.
 */
export function recurrenceArgs(
  backend: SimdBackend,
  inputs: RecurrenceTensors,
  factors: tf.TensorInfo,
  output: tf.TensorInfo,
  last?: tf.TensorInfo,
): number[] {
  const {queries, keys, values, decay, bonus, state} = inputs;
  const {time, heads, keySize, valueSize} = sizesOf(inputs);
  const tensors = [queries, keys, values, factors, bonus, state, output, last];
  const decayStep = decay.shape.length === 2 ? 0 : 4 * heads * keySize;
  return [
    ...tensors.map((tensor) => addressOf(backend, tensor)),
    ...[time, heads, keySize, valueSize, decayStep, time * decayStep],
  ];
}
