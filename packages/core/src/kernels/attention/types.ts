import type * as tf from '@tensorflow/tfjs';

/** The tensors that {@link attention} reads. */
export type AttentionInputs = {
  queries: tf.Tensor;
  keys: tf.Tensor;
  values: tf.Tensor;
  mask?: tf.Tensor;
  bias?: tf.Tensor;
  keyLength?: tf.Tensor;
};

/** What {@link attention} is told beside its tensors. */
export interface AttentionAttributes {
  scale: number;
  causal: boolean;
  /** null: all that causality leaves. */
  window: number | null;
  sinks: number;
}

/** What {@link attention} returns. */
export type AttentionOutputs = {
  /** [batch, heads, queries, value size] */
  output: tf.Tensor;
  /** log Σ_j exp S_ij, natural logarithm, [batch, heads, queries] */
  logSumExp: tf.Tensor;
};
