import * as tf from '@tensorflow/tfjs';
import {Chunks, chunkScores} from './chunks';
import type {ChunkedAttentionAttributes, ChunkedAttentionInputs, ChunkedAttentionOutputs} from './types';

/**
 * With P = exp(S - largest) / total, which takes the rounds together as the softmax does, and Δ_i = Σ dout_i · out_i:
 *
 *     dS = P (dout vᵀ - Δ), 0 where S was replaced;   dq = dS k,   dk = dSᵀ q,   dv = Pᵀ dout
 */
export function chunkedAttentionGradient(
  {output: dOutput}: ChunkedAttentionOutputs,
  inputs: ChunkedAttentionInputs,
  {output, largest, total}: ChunkedAttentionOutputs,
  attributes: ChunkedAttentionAttributes,
): {[name in keyof ChunkedAttentionInputs]?: tf.Tensor} {
  const chunks = new Chunks(inputs, attributes);
  const {scores, replaced} = chunkScores(chunks, inputs, attributes);
  const cut = (x: tf.Tensor) => chunks.cut(x.expandDims(3));
  const P = scores.sub(cut(largest)).exp().div(cut(total));
  const d = chunks.cut(dOutput);
  const dP = tf.matMul(d, chunks.window(chunks.cut(inputs.values)), false, true);
  const all = P.mul(dP.sub(cut(dOutput.mul(output).sum(-1))));
  const dS = replaced ? tf.where(tf.broadcastTo(replaced, all.shape), 0, all) : all;
  const keys = chunks.window(chunks.cut(inputs.keys));
  return {
    queries: chunks.uncut(tf.matMul(dS, keys)),
    keys: chunks.uncut(chunks.unwindow(tf.matMul(dS, chunks.cut(inputs.queries), true, false))),
    values: chunks.uncut(chunks.unwindow(tf.matMul(P, d, true, false))),
  };
}
