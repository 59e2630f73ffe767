/**
 * Dilated attention (Ding, Ma, Dong, Zhang, Huang, Wang, Zheng, Wei 2023: "LongNet: Scaling Transformers to 1,000,000,000
 * Tokens", arXiv 2307.02486), on core's attention kernel.
 *
 *     B, T, H, d   batch, positions, heads, features of a head
 *     q, k, v      queries, keys, values [B, T, H, d], as projections give them
 *     w_i, r_i     segment length and dilation of pattern i
 *     g            positions of a segment, min(w_i, T)
 *     o_i, l_i     what pattern i finds, and its log-sum-exp
 */
import * as tf from '@tensorflow/tfjs';
import {
  type AttentionOutputs,
  attention,
  ConfigError,
  type DilatedPattern,
  dilatedRows,
  dilatedShape,
  mergeDilated,
  requireArgument,
  requireGiven,
  requireOptionalTensors,
  requireRank,
  ShapeError,
} from '@variants/core';
import {type DilatedPatterns, patternsOf, requirePatternLists} from './patterns';
import {mostPositions, xPos} from './x-pos';

/** Options of {@link dilatedAttention}. */
export interface DilatedAttentionOptions extends DilatedPatterns {
  /** A position sees itself and those before it alone. Default false. */
  causal?: boolean;
  /** What the products q · k are multiplied with. Default d^-0.5. */
  scale?: number;
  /** Turns queries and keys by xPos, whose scores fall by ζ over so many positions. Default: no positions. */
  xPosScaleBase?: number | null;
  /** [batch, time], 1 where a key may be looked at, 0 where it is padding. Default: all may. */
  mask?: tf.Tensor;
  /**
   * Without `causal`: whether the zeros that fill up segments are hidden. If not, they take part as keys of score 0, as in the
   * authors' code. Default false.
   */
  maskFilling?: boolean;
  /**
   * Whether the gradient goes through the shares of the patterns too. If not, they are constants to it, as in the authors'
   * code. Default false.
   */
  differentiateShares?: boolean;
  /** Changes the probabilities of each pattern before they weigh the values, as dropout does in training. */
  dropout?: (probabilities: tf.Tensor) => tf.Tensor;
}

const optionNames = [
  ...['segmentLengths', 'dilations', 'causal', 'scale', 'xPosScaleBase', 'mask', 'maskFilling'],
  ...['differentiateShares', 'dropout'],
];

/**
 * Dilated attention. Pattern i cuts the sequence into segments of w_i positions, and in each, head h attends among every
 * r_i-th position alone, from floor(h / ceil(H / r_i)) on, with what core's `attention` does; then
 *
 *     l = log Σ_i e^l_i;     output = Σ_i e^(l_i - l) o_i
 *
 * which is one softmax over the keys of all patterns, where a key in two of them counts twice. Time and memory are linear in
 * T. The causal output at a position depends on those before it alone, not on T. A position that a head keeps in no pattern
 * gives 0 there.
 *
 * @param queries [batch, time, heads, size]
 * @param keys As queries.
 * @param values [batch, time, heads, value size]
 * @returns `output` [batch, time, heads, value size] and `logSumExp` [batch, time, heads]; both have gradients.
 * @throws ShapeError when the shapes do not go together, ConfigError for patterns or options that are none.
 */
export function dilatedAttention(
  queries: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  options: DilatedAttentionOptions,
): AttentionOutputs {
  requireGiven('dilatedAttention', options, optionNames);
  const {segmentLengths, dilations, causal = false, scale, xPosScaleBase = null, dropout} = options;
  requirePatternLists('dilatedAttention', {segmentLengths, dilations});
  requireHeads('dilatedAttention', queries, keys, values);
  const {mask, maskFilling = false, differentiateShares = false} = options;
  requireOptionalTensors('dilatedAttention', {mask});
  const isChange = dropout === undefined || typeof dropout === 'function';
  requireArgument('dilatedAttention', 'dropout', dropout, isChange, 'a function of probabilities, or nothing');
  const [batch, time, numHeads] = queries.shape as number[];
  if (mask && mask.shape.join() !== [batch, time].join())
    throw new ShapeError(
      `dilatedAttention: mask [${mask.shape}] must have the shape [batch, time], [${batch},${time}]`,
    );
  const patterns = patternsOf({segmentLengths, dilations});
  return tf.tidy(() => {
    const turned = turnedRows(queries, keys, patterns, xPosScaleBase);
    const kept = dilatedRows(values, patterns);
    const found = patterns.map((pattern, i) => {
      const isHidden = !causal && maskFilling && hasFilling(pattern, time, numHeads);
      const visible = keyMask(mask ?? null, isHidden, pattern, [batch, time, numHeads]);
      return attention(turned.queries[i], turned.keys[i], kept[i], {causal, scale, mask: visible, dropout});
    });
    return mergeDilated(found, {patterns, time, differentiateShares});
  });
}

/** Throws a ShapeError unless queries, keys and values are of one batch, time and number of heads. */
export function requireHeads(owner: string, queries: tf.Tensor, keys: tf.Tensor, values: tf.Tensor): void {
  requireRank(owner, {queries, keys, values}, '[batch, time, heads, size]');
  const leading = (x: tf.Tensor) => x.shape.slice(0, 3).join();
  if (queries.shape.join() !== keys.shape.join() || leading(queries) !== leading(values))
    throw new ShapeError(
      `${owner}: keys [${keys.shape}] must have the shape of queries [${queries.shape}], and values [${values.shape}] too but for the last axis`,
    );
}

/** The rows of queries and keys of each pattern, turned by xPos where there is one. */
function turnedRows(
  queries: tf.Tensor,
  keys: tf.Tensor,
  patterns: DilatedPattern[],
  scaleBase: number | null,
): {queries: tf.Tensor[]; keys: tf.Tensor[]} {
  const total = queries.shape[1] as number;
  if (scaleBase === null || total <= mostPositions(scaleBase)) {
    const turned = turn(queries, keys, {start: 0, total, segmentLength: total, scaleBase});
    return {queries: dilatedRows(turned.queries, patterns), keys: dilatedRows(turned.keys, patterns)};
  }
  const each = patterns.map((pattern) => {
    const turned = turn(queries, keys, {start: 0, total, segmentLength: pattern.segmentLength, scaleBase});
    return [turned.queries, turned.keys].map((x) => dilatedRows(x, [pattern])[0]);
  });
  return {queries: each.map(([rows]) => rows), keys: each.map(([, rows]) => rows)};
}

/** Where queries and keys are in a sequence. */
interface Place {
  /** The position of the first. */
  start: number;
  /** Positions of the sequence. */
  total: number;
  /** Positions of a segment, within which scores are asked for. */
  segmentLength: number;
  /** Null: they are not turned. */
  scaleBase: number | null;
}

/** Queries and keys [batch, time, heads, size] turned by xPos, from the middle of the sequence or, where it is long, of segments. */
export function turn(
  queries: tf.Tensor,
  keys: tf.Tensor,
  {start, total, segmentLength, scaleBase}: Place,
): {queries: tf.Tensor; keys: tf.Tensor} {
  if (scaleBase === null) return {queries, keys};
  const [, time, , size] = queries.shape as number[];
  requireXPos('dilatedAttention', scaleBase, size, [Math.min(segmentLength, total)]);
  const positions = tf.range(start, start + time, 1, 'int32');
  const centre = total <= mostPositions(scaleBase) ? Math.ceil(total / 2) : segmentCentres(positions, segmentLength);
  return xPos(queries, keys, {positions, fromCentre: positions.toFloat().sub(centre), scaleBase}, false);
}

/** The middle of each position's segment, [time]. */
function segmentCentres(positions: tf.Tensor1D, segmentLength: number): tf.Tensor {
  const length = tf.scalar(segmentLength, 'int32');
  return positions
    .floorDiv(length)
    .mul(length)
    .toFloat()
    .add(Math.floor(segmentLength / 2));
}

/** Throws a ConfigError where xPos cannot turn heads of this size, or scale them over segments of these lengths. */
export function requireXPos(
  owner: string,
  scaleBase: number,
  headSize: number,
  segmentLengths: readonly number[],
): void {
  requireArgument(owner, 'xPosScaleBase', scaleBase, scaleBase > 0, 'a number above 0, or null');
  if (headSize % 2 !== 0)
    throw new ConfigError(`${owner}: a head has ${headSize} features, but must have an even number for xPos`);
  const longest = Math.max(...segmentLengths);
  if (longest > mostPositions(scaleBase))
    throw new ConfigError(
      `${owner}: segmentLengths has ${longest}, but with xPos must be at most 128 times xPosScaleBase ${scaleBase}, beyond which its scales are no floats`,
    );
}

/** Whether some rows of a pattern stand for no position. */
function hasFilling(pattern: DilatedPattern, time: number, numHeads: number): boolean {
  const {length, segments, rows} = dilatedShape(pattern, time, numHeads);
  return segments * length !== time || rows * pattern.dilation !== length;
}

/** The keys of a pattern that may be looked at, [batch · segments, heads, 1, rows]; undefined where all may. */
function keyMask(
  mask: tf.Tensor | null,
  hidesFilling: boolean,
  pattern: DilatedPattern,
  [batch, time, numHeads]: number[],
): tf.Tensor | undefined {
  if (!mask && !hidesFilling) return undefined;
  const given = mask ? mask.toFloat().reshape([batch, time, 1, 1]) : tf.ones([batch, time, 1, 1]);
  const perHead = given.tile([1, 1, numHeads, 1]);
  const [kept] = hidesFilling
    ? dilatedRows(perHead, [pattern])
    : [tf.sub(1, dilatedRows(tf.sub(1, perHead), [pattern])[0])];
  return kept.transpose([0, 1, 3, 2]);
}
