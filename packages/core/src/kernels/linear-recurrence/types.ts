import type * as tf from '@tensorflow/tfjs';

/** The tensors of the kernel. */
export type LinearRecurrenceInputs = {
  /** [batch, time, heads, key size] */
  queries: tf.Tensor;
  keys: tf.Tensor;
  /** [batch, time, heads, value size] */
  values: tf.Tensor;
  /** [heads, key size], or [batch, time, heads, key size]. */
  decay: tf.Tensor;
  /** [heads, key size] */
  bonus?: tf.Tensor;
  /** [batch, heads, key size, value size] */
  state?: tf.Tensor;
};

export type LinearRecurrenceOutputs = {output: tf.Tensor; state: tf.Tensor};
