import * as tf from '@tensorflow/tfjs';
import {attentionScores, groupQueries} from './reference';
import type {AttentionAttributes, AttentionInputs, AttentionOutputs} from './types';
import {presentRows} from './visible';

/**
 * With P = exp(S - lse), Δ_i = Σ dout_i · out_i and dl the gradient of the log-sum-exp:
 *
 *     dS = P (dout vᵀ - Δ + dl),   dq = scale dS k,   dk = scale dSᵀ q,   dv = Pᵀ dout,   dbias = dS
 *
 * each summed over the query heads of a group, and dbias over the axes along which the bias was broadcast.
 */
export function attentionGradient(
  gradients: AttentionOutputs,
  inputs: AttentionInputs,
  outputs: AttentionOutputs,
  attributes: AttentionAttributes,
): {[name in keyof AttentionInputs]?: tf.Tensor} {
  const {queries, bias, keyLength} = inputs;
  const [keys, values] = [inputs.keys, inputs.values].map((rows) => presentRows(rows, keyLength));
  const logSumExp = tf.where(outputs.logSumExp.isInf(), tf.zerosLike(outputs.logSumExp), outputs.logSumExp);
  const P = attentionScores(inputs, attributes).sub(logSumExp.expandDims(-1)).exp();

  const dOutput = groupQueries(gradients.output, values);
  const dP = tf.matMul(dOutput, values, false, true).reshape(P.shape);
  const delta = gradients.output.mul(outputs.output).sum(-1, true);
  const dS = P.mul(dP.sub(delta).add(gradients.logSumExp.expandDims(-1)));

  const grouped = groupQueries(dS, keys);
  return {
    queries: tf.matMul(grouped, keys).mul(attributes.scale).reshape(queries.shape),
    keys: tf.matMul(grouped, groupQueries(queries, keys), true, false).mul(attributes.scale),
    values: tf.matMul(groupQueries(P, values), dOutput, true, false),
    ...(bias && {bias: sumToShape(dS, bias.shape)}),
  };
}

/** Sums a gradient over the axes along which `shape` had been broadcast. */
function sumToShape(gradient: tf.Tensor, shape: number[]): tf.Tensor {
  const missing = gradient.rank - shape.length;
  const axes = gradient.shape.flatMap((size, axis) =>
    axis < missing || (shape[axis - missing] === 1 && size > 1) ? [axis] : [],
  );
  return gradient.sum(axes).reshape(shape);
}
