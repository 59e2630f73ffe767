/**
 * Softmax with a place for what no token deserves.
 *
 *     q, k, v   queries, keys, values          S   scores, scale q kᵀ, -infinity where a query may not look
 *     s         the sink's logit, of each head          P   weights, whose rows sum to less than 1
 *
 *     P_ij = exp S_ij / (exp s + Σ_j exp S_ij),      y = P v
 *
 * It is attention with one more key in front that has the logit s for every query, and no value.
 */
import * as tf from '@tensorflow/tfjs';
import {type AttentionOptions, attention, requireTensors, withSinkLogit} from '@variants/core';

/**
 * Attention with a sink logit per head, as gpt-oss has it (OpenAI 2025, `gpt_oss/torch/model.py:sdpa`). Differentiable; no
 * score is too large.
 * @param queries [batch, heads, queries, size]
 * @param keys [batch, key heads, keys, size]
 * @param values [batch, key heads, keys, value size]
 * @param sinks s, [heads] or a scalar; not scaled.
 * @param options Of core's `attention`; gpt-oss is causal, with a window in every other block.
 * @returns [batch, heads, queries, value size]
 */
export function sinkAttention(
  queries: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  sinks: tf.Tensor,
  options: AttentionOptions = {},
): tf.Tensor {
  requireTensors('sinkAttention', {sinks});
  return tf.tidy(() => withSinkLogit(attention(queries, keys, values, options), sinks));
}

/**
 * Attention whose softmax is off by one (Miller 2023; equation 2 of Xiao et al. 2023, "zero sink"): {@link sinkAttention}
 * with s = 0.
 */
export function offByOneAttention(
  queries: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  options: AttentionOptions = {},
): tf.Tensor {
  return tf.tidy(() => sinkAttention(queries, keys, values, tf.scalar(0), options));
}

/**
 * softmax1(x)_i = exp x_i / (1 + Σ_j exp x_j) along the last axis: the softmax with one more logit, which is 0. Large
 * logits of either sign do not overflow; where all are -infinity, it gives zeros.
 */
export function softmaxOffByOne(logits: tf.Tensor): tf.Tensor {
  requireTensors('softmaxOffByOne', {logits});
  return tf.tidy(() => {
    const size = logits.shape[logits.rank - 1] as number;
    const zero = tf.zeros([...logits.shape.slice(0, -1), 1]);
    const weights = tf.softmax(tf.concat([logits, zero], -1));
    return weights.slice(
      logits.shape.map(() => 0),
      [...logits.shape.slice(0, -1), size],
    );
  });
}
