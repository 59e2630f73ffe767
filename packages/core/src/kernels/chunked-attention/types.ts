import type * as tf from '@tensorflow/tfjs';

/** The tensors of chunked attention. */
export type ChunkedAttentionInputs = {
  /** [batch, heads, time, size] */
  queries: tf.Tensor;
  /** [batch, heads, time, size] */
  keys: tf.Tensor;
  /** [batch, heads, time, value size] */
  values: tf.Tensor;
  /** [batch, heads, rounds, time] int32 */
  order?: tf.Tensor;
  /** [batch, time] int32 */
  mask?: tf.Tensor;
};

/** What else a call of chunked attention says; see `chunkedAttention`. */
export interface ChunkedAttentionAttributes {
  chunkLength: number;
  before: number;
  after: number;
  causal: boolean;
  /** null: a query's own key counts as others do. */
  selfScore: number | null;
}

/** What chunked attention gives. */
export type ChunkedAttentionOutputs = {
  /** [batch, heads, time, value size] */
  output: tf.Tensor;
  /** The largest score of each query, [batch, heads, time]. */
  largest: tf.Tensor;
  /** The sum of exp(score - largest) over all keys that a query met, [batch, heads, time]. */
  total: tf.Tensor;
};
