import * as tf from '@tensorflow/tfjs';
import {ShapeError} from '../../errors';
import {defineKernel} from '../define-kernel';
import {attentionGradient} from './gradient';
import {attentionReference} from './reference';

/** The tensors that {@link attention} reads. */
export type AttentionInputs = {
  queries: tf.Tensor;
  keys: tf.Tensor;
  values: tf.Tensor;
  mask?: tf.Tensor;
  bias?: tf.Tensor;
};

/** What {@link attention} is told beside its tensors. */
export interface AttentionAttributes {
  scale: number;
  causal: boolean;
}

/** What {@link attention} returns. */
export type AttentionOutputs = {
  /** [batch, heads, queries, value size] */
  output: tf.Tensor;
  /** log Σ_j exp S_ij, natural logarithm, [batch, heads, queries] */
  logSumExp: tf.Tensor;
};

const kernel = defineKernel<AttentionInputs, AttentionAttributes, AttentionOutputs>({
  name: 'Attention',
  outputs: ['output', 'logSumExp'],
  differentiable: ['queries', 'keys', 'values', 'bias'],
  reference: attentionReference,
  gradient: attentionGradient,
});

/** Options of {@link attention}. */
export interface AttentionOptions {
  /** What the products q · k are multiplied with. Default 1 / sqrt(head size). */
  scale?: number;
  /** Query i of n sees the keys j <= i + number of keys - n: the queries are the last positions. Default false. */
  causal?: boolean;
  /** 1 or true where a query may attend; broadcast to [batch, heads, queries, keys]. Holds beside `causal`. */
  mask?: tf.Tensor;
  /** Added to the scaled scores, -infinity included; broadcast to [batch, heads, queries, keys]. Differentiable. */
  bias?: tf.Tensor;
  /**
   * Changes the probabilities [batch, heads, queries, keys] before they weigh the values, as dropout does in training. It
   * takes memory for all of them, and tfjs's own gradients. The log-sum-exp is that of the unchanged ones.
   */
  dropout?: (probabilities: tf.Tensor) => tf.Tensor;
}

/**
 * Scaled dot-product attention (Vaswani et al. 2017, equation 1), with the log-sum-exp of each row's scores:
 *
 *     S = scale q kᵀ + bias;   P = softmax(S);   output = P v
 *
 * With fewer key and value heads than query heads, consecutive query heads share one (grouped-query attention). A query
 * that may attend to nothing gives 0 and has no gradient.
 *
 * @param queries [batch, heads, queries, size]
 * @param keys [batch, key heads, keys, size]; the number of heads is a multiple of theirs
 * @param values [batch, key heads, keys, value size]
 * @throws ShapeError when the shapes do not go together.
 */
export function attention(
  queries: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  options: AttentionOptions = {},
): AttentionOutputs {
  const [batch, numHeads, , size] = queries.shape as number[];
  const [keyBatch, numKeyHeads, numKeys, keySize] = keys.shape as number[];
  if (
    [queries, keys, values].some((x) => x.rank !== 4) ||
    batch !== keyBatch ||
    size !== keySize ||
    numHeads % numKeyHeads !== 0
  )
    throw new ShapeError(
      `attention: queries [${queries.shape}] and keys [${keys.shape}] must be [batch, heads, time, size] with the heads of the first a multiple of the second's`,
    );
  if (values.shape.slice(0, 3).join() !== [batch, numKeyHeads, numKeys].join())
    throw new ShapeError(`attention: values [${values.shape}] must begin like keys [${keys.shape}]`);
  const {scale = size ** -0.5, causal = false, mask, bias, dropout} = options;
  const inputs: AttentionInputs = {queries, keys, values, mask, bias};
  return dropout
    ? tf.tidy(() => attentionReference(inputs, {scale, causal}, dropout))
    : kernel(inputs, {scale, causal});
}
