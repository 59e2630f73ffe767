import * as tf from '@tensorflow/tfjs';
import {requireArgument, requireCount, requireGiven, requireOptionalTensors, requireTensors} from '../../arguments';
import {ShapeError} from '../../errors';
import {defineKernel} from '../define-kernel';
import {Chunks, chunkScores} from './chunks';
import {chunkedAttentionGradient} from './gradient';
import {chunkedAttentionReference} from './reference';
import type {ChunkedAttentionAttributes, ChunkedAttentionInputs, ChunkedAttentionOutputs} from './types';

export type {ChunkedAttentionAttributes, ChunkedAttentionOutputs} from './types';

const kernel = defineKernel<ChunkedAttentionInputs, ChunkedAttentionAttributes, ChunkedAttentionOutputs>({
  name: 'ChunkedAttention',
  outputs: ['output', 'largest', 'total'],
  differentiable: ['queries', 'keys', 'values'],
  reference: chunkedAttentionReference,
  gradient: chunkedAttentionGradient,
});

/** Options of {@link chunkedAttention}. */
export interface ChunkedAttentionOptions {
  /** Entries c of a chunk; must divide time. */
  chunkLength: number;
  /** Chunks before a query's own whose keys it sees. Default 1. */
  before?: number;
  /** Chunks behind a query's own whose keys it sees. Default 0. */
  after?: number;
  /** A query sees no key of a later position. Default false. */
  causal?: boolean;
  /**
   * In which order the positions are cut into chunks, [batch, heads, rounds, time] int32, each position once a round. Rounds
   * lie one behind the other. Default: one round, in the order of the positions.
   */
  order?: tf.Tensor;
  /** [batch, time], 1 = a key that may be seen. Default: all. */
  mask?: tf.Tensor;
  /** What a query's own key scores, in place of q · k. Default: q · k. */
  selfScore?: number | null;
}

/**
 * Attention within chunks of a sorted sequence and the chunks beside them: local attention (Child et al. 2019, Kitaev et al.
 * 2020) in the order of the positions, LSH attention (Kitaev et al. 2020, arXiv 2001.04451) in that of hash buckets.
 *
 *     chunk i of n = rounds time / c:  its keys are those of chunks i - before ... i + after, modulo n
 *     S_ij = q_i · k_j;  -1e9 where j is masked or, if causal, of a later position;  selfScore where j is i
 *     output_i = Σ exp(S_ij - largest_i) v_j / total_i,  over all keys that i met in all rounds, each as often as it met it
 *
 * Scores are replaced, so that a query that sees nothing looks at all its keys alike. Memory is linear in time; time is
 * rounds time c (before + 1 + after). `largest` and `total` have no gradient.
 *
 * @param queries [batch, heads, time, size]; already scaled, as nothing else scales the products.
 * @param keys [batch, heads, time, size]
 * @param values [batch, heads, time, value size]
 * @throws ShapeError when shapes do not go together.
 */
export function chunkedAttention(
  queries: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  options: ChunkedAttentionOptions,
): ChunkedAttentionOutputs {
  return tf.tidy(() => {
    const {inputs, attributes} = checked('chunkedAttention', queries, keys, options, values);
    return kernel(inputs, attributes);
  });
}

/** What {@link chunkedAttentionWeights} gives. */
export interface ChunkedAttentionWeights {
  /** The softmax of each sorted entry over the keys of its own round, [batch, heads, n, c, c (before + 1 + after)]. */
  weights: tf.Tensor;
  /** Of each sorted entry, the largest score and the sum of exp(score - largest), [batch, heads, rounds time]. */
  largest: tf.Tensor;
  total: tf.Tensor;
}

/** What {@link chunkedAttention} weighs values with, chunk by chunk; for looking at, it takes memory for all of them. */
export function chunkedAttentionWeights(
  queries: tf.Tensor,
  keys: tf.Tensor,
  options: ChunkedAttentionOptions,
): ChunkedAttentionWeights {
  return tf.tidy(() => {
    const {inputs, attributes} = checked('chunkedAttentionWeights', queries, keys, options);
    const chunks = new Chunks(inputs, attributes);
    const {scores} = chunkScores(chunks, inputs, attributes);
    const largest = scores.max(-1, true);
    const e = scores.sub(largest).exp();
    const total = e.sum(-1, true);
    const flat = (x: tf.Tensor) =>
      x.reshape([...queries.shape.slice(0, 2), chunks.rounds * (queries.shape[2] as number)]);
    return {weights: e.div(total), largest: flat(largest), total: flat(total)};
  });
}

const optionNames = ['chunkLength', 'before', 'after', 'causal', 'order', 'mask', 'selfScore'];

function checked(
  name: string,
  queries: tf.Tensor,
  keys: tf.Tensor,
  options: ChunkedAttentionOptions,
  values: tf.Tensor = keys,
): {inputs: ChunkedAttentionInputs; attributes: ChunkedAttentionAttributes} {
  requireTensors(name, {queries, keys, values});
  requireGiven(name, options, optionNames);
  const {chunkLength, before = 1, after = 0, causal = false, order, mask, selfScore = null} = options;
  requireOptionalTensors(name, {order, mask});
  requireCount(name, 'chunkLength', chunkLength);
  requireCount(name, 'before', before, 0);
  requireCount(name, 'after', after, 0);
  const isScore = selfScore === null || Number.isFinite(selfScore);
  requireArgument(name, 'selfScore', selfScore, isScore, 'a number, or nothing');
  const [batch, heads, time] = queries.shape as number[];
  const alike = values.rank === 4 && values.shape.slice(0, 3).join() === queries.shape.slice(0, 3).join();
  if (queries.rank !== 4 || queries.shape.join() !== keys.shape.join() || !alike)
    throw new ShapeError(
      `${name}: queries [${queries.shape}], keys [${keys.shape}] and values [${values.shape}] must be [batch, heads, time, size], with the size of values alone their own`,
    );
  if (time % chunkLength !== 0)
    throw new ShapeError(`${name}: chunkLength is ${chunkLength}, but must divide the ${time} positions; pad them`);
  const isOrder =
    order?.rank === 4 && order.dtype === 'int32' && order.shape.join() === [batch, heads, order.shape[2], time].join();
  if (order && !isOrder)
    throw new ShapeError(
      `${name}: order is ${order.dtype} [${order.shape}], but must be int32 [${batch}, ${heads}, rounds, ${time}]`,
    );
  if (mask && mask.shape.join() !== [batch, time].join())
    throw new ShapeError(`${name}: mask is [${mask.shape}], but must be [${batch}, ${time}]`);
  const inputs = {queries, keys, values, order, mask: mask?.toInt()};
  return {inputs, attributes: {chunkLength, before, after, causal, selfScore}};
}
