/**
 * Multi-query attention (Noam Shazeer 2019, "Fast Transformer Decoding: One Write-Head is All You Need", arXiv 1911.02150): all
 * heads of the queries share one head of keys and one of values, so that what a decoder remembers of a position, and reads
 * again for every token, is divided by the number of heads. Grouped-query attention (Ainslie et al. 2023, "GQA: Training
 * Generalized Multi-Query Transformer Models from Multi-Head Checkpoints", arXiv 2305.13245) has G of each, shared by
 * H / G heads of the queries; core's `attention` does both.
 *
 *     B    batch                                     D    width
 *     n    positions that ask                        m    positions that are asked
 *     H    heads of the queries                      k, v sizes of a key and of a value
 *     X    what asks [B, n, D]                       M    what is asked [B, m, D], X itself in self-attention
 *     P_q  [H, D, k]    P_k  [D, k]    P_v  [D, v]    P_o  [H, D, v]
 *     Q    queries [B, H, n, k]      K  keys [B, m, k]      V  values [B, m, v]
 */
import * as tf from '@tensorflow/tfjs';
import {attention, joinHeads, splitHeads} from '@variants/core';

/** The weights of multi-query attention in the paper's layout. */
export interface MultiQueryWeights {
  /** P_q, [heads, width, key size]. */
  queries: tf.Tensor;
  /** P_k, [width, key size]. */
  keys: tf.Tensor;
  /** P_v, [width, value size]. */
  values: tf.Tensor;
  /** P_o, [heads, width, value size]. */
  output: tf.Tensor;
}

/** Options of {@link multiQueryAttention}. */
export interface MultiQueryAttentionOptions {
  /** Added to the scores, -infinity where nothing may be seen; broadcast to [batch, heads, n, m]. Default: nothing. */
  bias?: tf.Tensor;
  /** Query i sees the positions j <= i + m - n alone. Default false. */
  causal?: boolean;
  /** What the scores are multiplied with. Default 1: the paper leaves that to the weights of the queries. */
  scale?: number;
}

/** What incremental decoding remembers: one key and one value of each position, whatever the number of heads. */
export type MultiQueryMemory = {
  /** K, [batch, m, key size]. */
  keys: tf.Tensor;
  /** V, [batch, m, value size]. */
  values: tf.Tensor;
};

/**
 * The paper's batched listing (section 3):
 *
 *     Q = X P_q;   K = M P_k;   V = M P_v;   Y = Σ_h softmax(scale Q_h Kᵀ + bias) V · P_o,hᵀ
 *
 * @param x X, [batch, n, width].
 * @param memory M, [batch, m, width].
 * @returns Y, [batch, n, width].
 */
export function multiQueryAttention(
  x: tf.Tensor,
  memory: tf.Tensor,
  weights: MultiQueryWeights,
  options: MultiQueryAttentionOptions = {},
): tf.Tensor {
  return tf.tidy(() => attend(x, rowsOf(memory, weights), weights, options));
}

/**
 * The paper's incremental listing (section 3), for any number of positions after any others: their keys and values are
 * appended, and each looks at all before it and at itself.
 *
 * @param x X, [batch, n, width].
 * @param before K and V of the positions before, which stay the caller's; null at the first.
 * @returns `output` Y [batch, n, width], and K and V with those of x.
 */
export function multiQueryAttentionStep(
  x: tf.Tensor,
  before: MultiQueryMemory | null,
  weights: MultiQueryWeights,
  options: Omit<MultiQueryAttentionOptions, 'causal'> = {},
): {output: tf.Tensor; memory: MultiQueryMemory} {
  return tf.tidy(() => {
    const {keys, values} = rowsOf(x, weights);
    const memory = before
      ? {keys: tf.concat([before.keys, keys], 1), values: tf.concat([before.values, values], 1)}
      : {keys, values};
    return {output: attend(x, memory, weights, {...options, causal: true}), memory};
  });
}

/** K = M P_k and V = M P_v. */
function rowsOf(memory: tf.Tensor, {keys, values}: MultiQueryWeights): MultiQueryMemory {
  return {keys: product(memory, keys), values: product(memory, values)};
}

function attend(
  x: tf.Tensor,
  {keys: K, values: V}: MultiQueryMemory,
  {queries: P_q, output: P_o}: MultiQueryWeights,
  {bias, causal, scale = 1}: MultiQueryAttentionOptions,
): tf.Tensor {
  const [H, D, k] = P_q.shape as number[];
  const v = P_o.shape[2] as number;
  // One product for all heads, whose features lie side by side.
  const Q = splitHeads(product(x, P_q.transpose([1, 0, 2]).reshape([D, H * k])), H);
  const {output} = attention(Q, K.expandDims(1), V.expandDims(1), {bias, causal, scale});
  return product(joinHeads(output), P_o.transpose([0, 2, 1]).reshape([H * v, D]));
}

/** x [batch, time, inputs] times a matrix [inputs, outputs]. */
function product(x: tf.Tensor, matrix: tf.Tensor): tf.Tensor {
  const [batch, time, inputs] = x.shape as number[];
  return x
    .reshape([batch * time, inputs])
    .matMul(matrix as tf.Tensor2D)
    .reshape([batch, time, -1]);
}
