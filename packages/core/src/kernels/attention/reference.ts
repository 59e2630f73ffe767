import * as tf from '@tensorflow/tfjs';
import type {AttentionAttributes, AttentionInputs} from './index';

/**
 * Each query head's scores with the keys of its group, [batch, heads, queries, keys]: scale q kᵀ + bias, and -infinity
 * where a query may not attend.
 */
export function attentionScores(
  {queries, keys, mask, bias}: AttentionInputs,
  attributes: AttentionAttributes,
): tf.Tensor {
  const [batch, numHeads, numQueries] = queries.shape as number[];
  const numKeys = keys.shape[2] as number;
  const products = tf.matMul(groupQueries(queries, keys), keys, false, true).mul(attributes.scale);
  let scores: tf.Tensor = products.reshape([batch, numHeads, numQueries, numKeys]);
  if (bias) scores = scores.add(bias);
  if (mask) scores = tf.where(tf.broadcastTo(mask.toBool(), scores.shape), scores, Number.NEGATIVE_INFINITY);
  if (attributes.causal) scores = scores.add(causalBias(numQueries, numKeys));
  return scores;
}

/** [batch, heads, queries, size] as [batch, key heads, queries of the group, size]: consecutive heads share a key head. */
export function groupQueries(queries: tf.Tensor, keys: tf.Tensor): tf.Tensor {
  const [batch, numHeads, numQueries, size] = queries.shape as number[];
  const numKeyHeads = keys.shape[1] as number;
  return queries.reshape([batch, numKeyHeads, (numHeads / numKeyHeads) * numQueries, size]);
}

/** 0 where key j <= i + numKeys - numQueries (the queries are the last positions), else -infinity. [queries, keys] */
function causalBias(numQueries: number, numKeys: number): tf.Tensor {
  const bias = new Float32Array(numQueries * numKeys);
  for (let i = 0; i < numQueries; i++)
    bias.fill(Number.NEGATIVE_INFINITY, i * numKeys + Math.max(0, i + 1 + numKeys - numQueries), (i + 1) * numKeys);
  return tf.tensor2d(bias, [numQueries, numKeys]);
}

/** The definition of attention: softmax over the scores, rows without any key give 0 and the log-sum-exp -infinity. */
export function attentionReference(
  inputs: AttentionInputs,
  attributes: AttentionAttributes,
): {output: tf.Tensor; logSumExp: tf.Tensor} {
  const {queries, values} = inputs;
  const scores = attentionScores(inputs, attributes);
  const largest = scores.max(-1, true);
  const shift = tf.where(largest.isInf(), tf.zerosLike(largest), largest);
  const weights = scores.sub(shift).exp();
  const total = weights.sum(-1, true);
  const probabilities = tf.divNoNan(weights, total);
  const output = tf.matMul(groupQueries(probabilities, values), values);
  return {
    output: output.reshape([...queries.shape.slice(0, 3), values.shape[3] as number]),
    logSumExp: total.log().add(shift).squeeze([-1]),
  };
}
