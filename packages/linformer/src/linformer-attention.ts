import * as tf from '@tensorflow/tfjs';
import {
  attention,
  requireArgument,
  requireGiven,
  requireOptionalTensors,
  requireRank,
  requireTensors,
  ShapeError,
} from '@variants/core';
import {compressSequence} from './compress';

/** Options of {@link linformerAttention}. */
export interface LinformerAttentionOptions {
  /** E [slots, positions] that compresses the keys, or of each head of keys [heads, slots, positions]; positions >= keys. */
  keyMatrix: tf.Tensor;
  /** F that compresses the values. Default: keyMatrix, the sharing of keys and values. */
  valueMatrix?: tf.Tensor;
  /** [batch, keys], 1 = a token, 0 = padding, which counts as 0 in all slots. Default: all are tokens. */
  mask?: tf.Tensor;
  /** What the products of queries and keys are multiplied with. Default 1 / sqrt(head size). */
  scale?: number;
}

/**
 * Linformer's attention (Wang et al. 2020, equation 7) in heads: softmax attention to k slots in place of all positions,
 * for time and memory linear in their number.
 *
 *     P = softmax(scale q (E k)ᵀ);   y = P (F v)
 *
 * Every query sees all slots, and every slot holds all positions: there is no causal form. Differentiable by all tensors.
 * @param queries [batch, heads, queries, size], any number of them
 * @param keys [batch, key heads, keys, size]; heads is a multiple of key heads
 * @param values [batch, key heads, keys, value size]
 * @returns [batch, heads, queries, value size]
 * @throws ShapeError when the shapes do not go together, or there are more keys than the matrices have positions.
 */
export function linformerAttention(
  queries: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  options: LinformerAttentionOptions,
): tf.Tensor {
  const owner = 'linformerAttention';
  requireRank(owner, {queries, keys, values}, '[batch, heads, time, size]');
  requireGiven(owner, options, ['keyMatrix', 'valueMatrix', 'mask', 'scale']);
  const {keyMatrix, valueMatrix = keyMatrix, mask, scale} = options;
  requireTensors(owner, {keyMatrix, valueMatrix});
  requireOptionalTensors(owner, {mask});
  const isNumber = scale === undefined || (typeof scale === 'number' && Number.isFinite(scale));
  requireArgument(owner, 'scale', scale, isNumber, 'a number');
  const wanted = `${keys.shape[0]},${keys.shape[2]}`;
  if (mask && mask.shape.join() !== wanted)
    throw new ShapeError(`${owner}: mask [${mask.shape}] must have the shape [batch, time] of the keys, [${wanted}]`);
  return tf.tidy(() => {
    const present = mask?.toFloat().expandDims(1).expandDims(3);
    const compressed = (x: tf.Tensor, matrix: tf.Tensor) => compressSequence(present ? x.mul(present) : x, matrix);
    return attention(queries, compressed(keys, keyMatrix), compressed(values, valueMatrix), {scale}).output;
  });
}
