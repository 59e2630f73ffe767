import * as tf from '@tensorflow/tfjs';
import type {AttentionAttributes, AttentionInputs} from './types';
import {presentRows, visibilityBias} from './visible';

/**
 * Each query head's scores with the keys of its group, [batch, heads, queries, keys]: scale q kᵀ + bias, and -infinity
 * where a query may not attend.
 */
export function attentionScores(inputs: AttentionInputs, attributes: AttentionAttributes): tf.Tensor {
  const {queries, mask, bias} = inputs;
  const keys = presentRows(inputs.keys, inputs.keyLength);
  const [batch, numHeads, numQueries] = queries.shape as number[];
  const numKeys = keys.shape[2] as number;
  const products = tf.matMul(groupQueries(queries, keys), keys, false, true).mul(attributes.scale);
  let scores: tf.Tensor = products.reshape([batch, numHeads, numQueries, numKeys]);
  if (bias) scores = scores.add(bias);
  if (mask) scores = tf.where(tf.broadcastTo(mask.toBool(), scores.shape), scores, Number.NEGATIVE_INFINITY);
  const visibility = visibilityBias(inputs, attributes);
  return visibility ? scores.add(visibility) : scores;
}

/** [batch, heads, queries, size] as [batch, key heads, queries of the group, size]: consecutive heads share a key head. */
export function groupQueries(queries: tf.Tensor, keys: tf.Tensor): tf.Tensor {
  const [batch, numHeads, numQueries, size] = queries.shape as number[];
  const numKeyHeads = keys.shape[1] as number;
  return queries.reshape([batch, numKeyHeads, (numHeads / numKeyHeads) * numQueries, size]);
}

/** About the lowest finite float32. */
const lowest = -3.4e38;

/**
 * The definition of attention: softmax over the scores, rows without any key give 0 and the log-sum-exp -infinity.
 * @param change What is done to the probabilities [batch, heads, queries, keys] before they weigh the values.
 */
export function attentionReference(
  inputs: AttentionInputs,
  attributes: AttentionAttributes,
  change: (probabilities: tf.Tensor) => tf.Tensor = (probabilities) => probabilities,
): {output: tf.Tensor; logSumExp: tf.Tensor} {
  const {queries} = inputs;
  const values = presentRows(inputs.values, inputs.keyLength);
  const scores = attentionScores(inputs, attributes);
  // Finite in a row without any key too, whose weights are then 0 and not NaN.
  const shift = scores.max(-1, true).maximum(lowest);
  const weights = scores.sub(shift).exp();
  const total = weights.sum(-1, true);
  // The largest score adds 1 to the total: below that is a row without any key alone.
  const probabilities = change(weights.div(total.maximum(1)));
  const output = tf.matMul(groupQueries(probabilities, values), values);
  return {
    output: output.reshape([...queries.shape.slice(0, 3), values.shape[3] as number]),
    logSumExp: total.log().add(shift).squeeze([-1]),
  };
}
