import * as tf from '@tensorflow/tfjs';

/** Rows of `table` [vocabulary, features] by `tokens` [n]: [n, features]. */
export function embeddingLookupReference(table: tf.Tensor2D, tokens: tf.Tensor1D): tf.Tensor {
  return tf.gather(table, tokens);
}

/** The gradient of the table: each row is the sum of the gradients of the places where its token stood. */
export function embeddingLookupGradient(outputGradient: tf.Tensor, table: tf.Tensor2D, tokens: tf.Tensor1D): tf.Tensor {
  return tf.tidy(() => tf.scatterND(tokens.expandDims(1), outputGradient, table.shape));
}
