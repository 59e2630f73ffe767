import * as tf from '@tensorflow/tfjs';
import {Chunks, chunkScores} from './chunks';
import type {ChunkedAttentionAttributes, ChunkedAttentionInputs, ChunkedAttentionOutputs} from './types';

/**
 * The definition: softmax over all keys that a query met in any round, by the largest score and the sum. (Their logarithm
 * would lose the sum: scores of -1e9 are 64 apart in float32.)
 */
export function chunkedAttentionReference(
  inputs: ChunkedAttentionInputs,
  attributes: ChunkedAttentionAttributes,
): ChunkedAttentionOutputs {
  const chunks = new Chunks(inputs, attributes);
  const {scores} = chunkScores(chunks, inputs, attributes);
  const top = scores.max(-1, true);
  const weights = scores.sub(top).exp();
  const found = tf.matMul(weights, chunks.window(chunks.cut(inputs.values)));
  // By round and position: [batch, heads, rounds, time, ...].
  const [tops, sums, sumsOfValues] = [top, weights.sum(-1, true), found].map((x) => chunks.byPosition(x));
  const largest = tops.max(2, true);
  const share = tops.sub(largest).exp();
  const total = sums.mul(share).sum(2);
  return {
    output: sumsOfValues.mul(share).sum(2).div(total),
    largest: largest.squeeze([2, 4]),
    total: total.squeeze([3]),
  };
}
