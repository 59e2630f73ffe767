/**
 * Shaped attention (He and Hofmann 2023, "Simplifying Transformer Blocks", arXiv 2311.01906, section 4.1; Noci et al. 2023):
 * a softmax whose matrix starts as the identity, so that a block needs no skip around its attention.
 *
 *     B    batch                                       T     positions, i and j count them
 *     H    heads                                       A     softmax of the scores [B, H, T, T]
 *     v    values [B, T, H, size]                      I     the identity
 *     U    what A is where all scores are alike: U_ij = 1 / (i + 1) for j <= i, else 0
 *     β    gain of A (softmax) [H]                     α     gain of I (identity) [H]
 *     γ    gain of U (centre) [H]                      m     the causal means of the values, U v
 *
 *     M = β A + α I - γ U;      M v = β A v + α v - γ m
 *
 * With queries of 0, A is U: gains of 1 make M the identity. I and U are never built: m is a running mean.
 */

import * as tf from '@tensorflow/tfjs';
import {
  type AttentionOptions,
  attention,
  type ForwardOptions,
  requireArgument,
  requireGiven,
  requireOptions,
  requireRank,
  requireTensors,
} from '@variants/core';
import {requireShape} from './shapes';

/** Scores are kept between this and its negative where they are capped. */
const scoreLimit = 30;

/** The gains of the three parts of shaped attention's matrix, each [heads]. */
export interface ShapedAttentionGains {
  /** β. */
  softmax: tf.Tensor;
  /** α. Default: no identity. */
  identity?: tf.Tensor;
  /** γ. Default: nothing is taken off. */
  centre?: tf.Tensor;
}

/** What a stream of causal means remembers. */
export type MeanMemory = {
  /** The sum of the values, [batch, 1, ...]. */
  sum: tf.Tensor;
  /** How many they were, [batch or 1, 1, 1] float32. */
  count: tf.Tensor;
};

/** Sums of all values so far. */
export interface CausalSums {
  /** Shaped like the values. */
  sums: tf.Tensor;
  /** How many values there are in each, at least 1, [batch or 1, time, 1]. */
  counts: tf.Tensor;
  /** 1 where a position counts, 0 for padding before the first token, [batch or 1, time, 1]. */
  steps: tf.Tensor;
  memory: MeanMemory;
}

/**
 * The mean of all values so far, in any pieces:
 *
 *     m_i = 1 / (i + 1) Σ_{j <= i} v_j
 *
 * Positions count from a row's first token on: padding before it leaves no trace. Padding behind it counts, as in the
 * authors' code, where no token sees it.
 *
 * @param values v [batch, time, features]
 * @param memory What the piece before gave; null or nothing at the start.
 * @param attentionMask [batch, time], 1 = a token, 0 = padding. Default: all are tokens.
 */
export function causalMeans(
  values: tf.Tensor,
  memory?: MeanMemory | null,
  attentionMask?: tf.Tensor,
): {means: tf.Tensor; memory: MeanMemory} {
  requireRank('causalMeans', {values}, '[batch, time, features]');
  const [batch, time, features] = values.shape as number[];
  if (memory != null) {
    requireOptions('causalMeans, memory', memory, ['sum', 'count']);
    requireTensors('causalMeans, memory', {sum: memory.sum, count: memory.count});
    requireShape('causalMeans, memory', {sum: memory.sum}, [batch, 1, features]);
    requireShape('causalMeans, memory', {count: memory.count}, [batch, 1, 1], [1, 1, 1]);
  }
  requireShape('causalMeans', {attentionMask}, [batch, time]);
  return tf.tidy(() => {
    const {sums, counts, memory: after} = causalSums(values, memory ?? null, attentionMask);
    return {means: sums.div(counts), memory: after};
  });
}

/** What {@link causalMeans} are made of. */
export function causalSums(values: tf.Tensor, memory: MeanMemory | null, attentionMask?: tf.Tensor): CausalSums {
  const time = values.shape[1] as number;
  const steps = stepsOf(time, memory?.count ?? null, attentionMask);
  const own = time === 1 ? steps : steps.cumsum(1);
  const counts = memory ? own.add(memory.count) : own;
  const counted = attentionMask ? values.mul(steps) : values;
  const running = time === 1 ? counted : runningSums(counted);
  const sums = memory ? running.add(memory.sum) : running;
  return {sums, counts: counts.maximum(1), steps, memory: {sum: lastOf(sums), count: lastOf(counts)}};
}

/** Sums along time, x [batch, time, features]. tfjs's own gradient of `cumsum` is that of the last axis alone. */
const runningSums = tf.customGrad((x) => ({
  value: (x as tf.Tensor).cumsum(1),
  gradFunc: (gradient: tf.Tensor) => gradient.cumsum(1, false, true),
}));

/** 1 for each position from a row's first token on, [batch or 1, time, 1]. */
function stepsOf(time: number, before: tf.Tensor | null, attentionMask?: tf.Tensor): tf.Tensor {
  if (!attentionMask) return tf.ones([1, time, 1]);
  const tokens = attentionMask.toFloat().expandDims(-1).cumsum(1);
  return (before ? tokens.add(before) : tokens).minimum(1);
}

const lastOf = (x: tf.Tensor) => (x.shape[1] === 1 ? x : x.slice([0, (x.shape[1] as number) - 1, 0], [-1, 1, -1]));

/** How {@link softmaxAttention} looks. */
export interface SoftmaxAttentionOptions extends Omit<AttentionOptions, 'bias'> {
  /** Keeps scores within -30 and 30: 30 tanh(score / 30), once they are scaled. Default false. */
  capScores?: boolean;
}

/**
 * The softmax's part, A v, of causal attention.
 * @param queries [batch, heads, queries, size]; keys and values alike.
 * @returns [batch, heads, queries, value size]
 */
export function softmaxAttention(
  queries: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  {capScores = false, ...options}: SoftmaxAttentionOptions,
): tf.Tensor {
  if (!capScores) return attention(queries, keys, values, options).output;
  const scale = options.scale ?? (queries.shape[3] as number) ** -0.5;
  const scores = tf.matMul(queries, keys, false, true).mul(scale / scoreLimit);
  // The capped scores come as a bias to products that count nothing, so that masks and caches stay attention's own.
  return attention(queries, keys, values, {...options, scale: 0, bias: scores.tanh().mul(scoreLimit)}).output;
}

/**
 * The three parts together, β A v + α v - γ m.
 * @param found A v [batch, time, heads, size]
 * @param values v, like `found`
 * @param sums Of the values, if the mean is to be taken off.
 */
export function addParts(
  found: tf.Tensor,
  values: tf.Tensor,
  sums: CausalSums | null,
  {softmax, identity, centre}: ShapedAttentionGains,
): tf.Tensor {
  const perHead = (gain: tf.Tensor) => gain.reshape([-1, 1]);
  let all = found.mul(perHead(softmax));
  if (identity) all = all.add(values.mul(perHead(identity)));
  // γ / (i + 1) is small: one product with the sums in place of two with the means.
  if (centre && sums)
    all = all.sub(sums.sums.reshape(found.shape).mul(perHead(centre).div(sums.counts.expandDims(-1))));
  return all;
}

/**
 * The matrix M of {@link addParts} made of A, for dropout, which zeroes what is in M.
 * @param probabilities A [batch, heads, time, time]
 * @param sums What counts how much in the causal mean; null where it is not taken off.
 */
export function shapedMatrix(
  probabilities: tf.Tensor,
  sums: Pick<CausalSums, 'counts' | 'steps'> | null,
  {softmax, identity, centre}: ShapedAttentionGains,
): tf.Tensor {
  const time = probabilities.shape[3] as number;
  const times = (x: tf.Tensor, gain: tf.Tensor) => x.mul(gain.reshape([-1, 1, 1]));
  let matrix = times(probabilities, softmax);
  if (identity) matrix = matrix.add(times(tf.eye(time), identity));
  if (centre && sums) {
    const seen = tf.linalg.bandPart(tf.ones([time, time]), -1, 0);
    const uniform = seen.mul(sums.steps.transpose([0, 2, 1])).div(sums.counts);
    matrix = matrix.sub(times(uniform.expandDims(1), centre));
  }
  return matrix;
}

/** Options of {@link shapedAttention}. */
export interface ShapedAttentionOptions {
  /** What the products q · k are multiplied with. Default size^-0.5. */
  scale?: number;
  /** Keeps scores within -30 and 30: 30 tanh(score / 30). Default false. */
  capScores?: boolean;
  /** [batch, time], 1 = a token, 0 = padding. Default: all are tokens. */
  attentionMask?: ForwardOptions['attentionMask'];
}

/**
 * Causal shaped attention of a whole sequence:
 *
 *     A = softmax(scale q kᵀ);      y = β A v + α v - γ m,      m_i = mean of v_0 ... v_i
 *
 * @param queries q [batch, time, heads, size]
 * @param keys k, like q
 * @param values v [batch, time, heads, value size]
 * @param gains β, α and γ, each [heads]
 * @returns [batch, time, heads, value size]
 * @throws ShapeError when the shapes do not go together.
 */
export function shapedAttention(
  queries: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  gains: ShapedAttentionGains,
  options: ShapedAttentionOptions = {},
): tf.Tensor {
  requireRank('shapedAttention', {queries, keys, values}, '[batch, time, heads, size]');
  const [batch, time, heads] = queries.shape as number[];
  requireGiven('shapedAttention, gains', gains, ['softmax', 'identity', 'centre']);
  requireTensors('shapedAttention, gains', {softmax: gains.softmax});
  requireShape('shapedAttention, gains', {...gains}, [heads]);
  requireOptions('shapedAttention', options, ['scale', 'capScores', 'attentionMask']);
  const {scale, capScores, attentionMask} = options;
  requireShape('shapedAttention', {attentionMask}, [batch, time]);
  requireArgument('shapedAttention', 'scale', scale, scale === undefined || Number.isFinite(scale), 'a number');
  return tf.tidy(() => {
    const byHead = (x: tf.Tensor) => x.transpose([0, 2, 1, 3]);
    const mask = attentionMask?.expandDims(1).expandDims(1);
    const how = {causal: true, scale, capScores, mask};
    const found = byHead(softmaxAttention(byHead(queries), byHead(keys), byHead(values), how));
    const sums = gains.centre ? causalSums(values.reshape([batch, time, -1]), null, attentionMask) : null;
    return addParts(found, values, sums, gains);
  });
}
