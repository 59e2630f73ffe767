/**
 * Reformer's two attentions (Kitaev, Kaiser and Levskaya 2020, arXiv 2001.04451, section 2), in chunks of c positions.
 * Symbols as in `hashing.ts`, and
 *
 *     v    values [B, H, T, e]         k    unit keys of u [B, H, T, d]
 */
import * as tf from '@tensorflow/tfjs';
import {
  chunkedAttention,
  padAxis,
  requireArgument,
  requireCount,
  requireGiven,
  requireOptionalTensors,
  requireRank,
  rmsNorm,
  ShapeError,
  stableOrder,
  withoutGradient,
} from '@variants/core';
import {allowedBuckets, type BucketCount, bucketsIn, isBucketCount, lshBuckets} from './hashing';

/** What a query's own key scores: so little that a query looks at itself only where it sees nothing else. */
export const ownScore = -1e5;

/** What both attentions are told. */
export interface ChunkOptions {
  /** Positions c of a chunk. A sequence that is no longer, when padded, is not cut: every query sees all of it. */
  chunkLength: number;
  /** Chunks before a query's own that it sees. Default 1. */
  before?: number;
  /** Chunks behind a query's own that it sees. Default 0. */
  after?: number;
  /** No query sees a later position. Default false. */
  causal?: boolean;
  /** [batch, time], 1 = a token, 0 = padding that no query sees. Default: all are tokens. */
  mask?: tf.Tensor;
  /** What sequences are padded to a multiple of, itself one of chunkLength. Default chunkLength. */
  multiple?: number;
  /** The longest sequence that is not padded. Default chunkLength; a model's is the shortest chunk of all its layers. */
  unpadded?: number;
}

/** Options of {@link lshAttention}; `rotations` or `order` must be given where a sequence is longer than a chunk. */
export interface LshAttentionOptions extends ChunkOptions {
  /** Buckets N, an even number or even factors of it. */
  numBuckets: BucketCount;
  /** [heads or 1, size, rounds, Σ factors / 2] */
  rotations?: tf.Tensor;
  /** An order that an earlier call gave, in place of one by the buckets: [batch, heads, rounds, padded time] int32. */
  order?: tf.Tensor | null;
}

/** What {@link lshAttention} gives. */
export type LshAttentionOutputs = {
  /** [batch, heads, time, value size] */
  output: tf.Tensor4D;
  /**
   * Of each round the bucket of every position, N where it is padding, [batch, heads, rounds, padded time] int32; missing where
   * nothing was hashed.
   */
  buckets?: tf.Tensor4D;
  /** The positions in the order of their buckets, of the same shape; missing where they were not sorted. */
  order?: tf.Tensor4D;
};

/** k_j = u_j / |u_j|, up to an epsilon: u / sqrt(mean u² + 1e-6) / sqrt(d). */
export function unitKeys(u: tf.Tensor): tf.Tensor {
  return tf.tidy(() => rmsNorm(u, 1e-6).mul((u.shape[u.rank - 1] as number) ** -0.5));
}

/**
 * Attention with queries that are the keys too, within chunks of positions sorted by hash buckets:
 *
 *     order of a round: positions by (bucket, position), cut into chunks of c
 *     S_ij = u_i · k_j over the keys j of i's chunk and those beside it;  -1e9 where j is padding or later;  -1e5 where j = i
 *     output_i = Σ softmax(S)_ij v_j, over all that i met in all rounds, a key that it met twice counting twice
 *
 * Cost: R T c (before + 1 + after), linear in T.
 * @param u [batch, heads, time, size]
 * @param v [batch, heads, time, value size]
 */
export function lshAttention(u: tf.Tensor, v: tf.Tensor, options: LshAttentionOptions): LshAttentionOutputs {
  requireHeads('lshAttention', {u, v});
  requireGiven('lshAttention', options, [...optionNames, 'numBuckets', 'rotations', 'order']);
  const {chunkLength, causal, mask, numBuckets, rotations, order: known} = options;
  requireArgument('lshAttention', 'numBuckets', numBuckets, isBucketCount(numBuckets), allowedBuckets);
  requireOptionalTensors('lshAttention', {mask, rotations, order: known});
  return tf.tidy(() => {
    const time = u.shape[2] as number;
    const length = paddedLength(time, options);
    if (length <= chunkLength) {
      const whole = {chunkLength: time, before: 0, causal, mask, selfScore: ownScore};
      const {output} = chunkedAttention(u, unitKeys(u), v, whole);
      return {output: output as tf.Tensor4D};
    }
    const visible = paddedMask(mask, u, length);
    const [vectors, values] = [u, v].map((x) => padAxis(x, 2, 0, length - time));
    const {buckets, order}: Sorted = known
      ? {order: known as tf.Tensor4D}
      : sorted(vectors, requireRotations(rotations, time, chunkLength), numBuckets, visible);
    const {before = 1, after = 0} = options;
    const sight = {chunkLength, before, after, causal, order, mask: visible, selfScore: ownScore};
    const {output} = chunkedAttention(vectors, unitKeys(vectors), values, sight);
    return {output: output.slice([0, 0, 0, 0], [-1, -1, time, -1]) as tf.Tensor4D, buckets, order};
  });
}

/** An order, and the buckets that it is by unless it was known. */
interface Sorted {
  buckets?: tf.Tensor4D;
  order: tf.Tensor4D;
}

/** The buckets of all positions, N where they are padding, and the order by them. */
function sorted(u: tf.Tensor, rotations: tf.Tensor, numBuckets: BucketCount, mask: tf.Tensor | undefined): Sorted {
  // No gradient goes through an order.
  return withoutGradient(() => {
    const N = bucketsIn(numBuckets);
    const hashed = lshBuckets(u, rotations, numBuckets);
    const isToken = mask && tf.broadcastTo(mask.greater(0).expandDims(1).expandDims(1), hashed.shape);
    const buckets: tf.Tensor = isToken ? tf.where(isToken, hashed as tf.Tensor, tf.scalar(N, 'int32')) : hashed;
    return {buckets: buckets as tf.Tensor4D, order: stableOrder(buckets, N + 1) as tf.Tensor4D};
  });
}

/**
 * Attention within chunks of consecutive positions:
 *
 *     S_ij = q_i · k_j / sqrt(d) over the keys j of i's chunk and those beside it, around the end to the beginning;
 *            -1e9 where j is padding or later;   output_i = Σ softmax(S)_ij v_j
 *
 * @param q [batch, heads, time, size]
 * @param k [batch, heads, time, size]
 * @param v [batch, heads, time, value size]
 * @returns [batch, heads, time, value size]
 */
export function localAttention(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, options: ChunkOptions): tf.Tensor4D {
  requireHeads('localAttention', {q, k, v});
  requireGiven('localAttention', options, optionNames);
  const {chunkLength, causal, mask} = options;
  requireOptionalTensors('localAttention', {mask});
  return tf.tidy(() => {
    const [, , time, size] = q.shape as number[];
    const scaled = q.mul(size ** -0.5);
    const length = paddedLength(time, options);
    if (length <= chunkLength)
      return chunkedAttention(scaled, k, v, {chunkLength: time, before: 0, causal, mask}).output as tf.Tensor4D;
    const [queries, keys, values] = [scaled, k, v].map((x) => padAxis(x, 2, 0, length - time));
    const {before = 1, after = 0} = options;
    const sight = {chunkLength, before, after, causal, mask: paddedMask(mask, q, length)};
    const {output} = chunkedAttention(queries, keys, values, sight);
    return output.slice([0, 0, 0, 0], [-1, -1, time, -1]) as tf.Tensor4D;
  });
}

const optionNames = ['chunkLength', 'before', 'after', 'causal', 'mask', 'multiple', 'unpadded'];

/** The length that a sequence is padded to. */
function paddedLength(
  time: number,
  {chunkLength, multiple = chunkLength, unpadded = chunkLength}: ChunkOptions,
): number {
  requireCount('chunks', 'chunkLength', chunkLength);
  const isMultiple = Number.isInteger(multiple) && multiple >= 1 && multiple % chunkLength === 0;
  requireArgument('chunks', 'multiple', multiple, isMultiple, `a multiple of chunkLength ${chunkLength}`);
  const isShort = Number.isInteger(unpadded) && unpadded >= 0 && unpadded <= chunkLength;
  requireArgument('chunks', 'unpadded', unpadded, isShort, `a whole number up to chunkLength ${chunkLength}`);
  return time <= unpadded ? time : Math.ceil(time / multiple) * multiple;
}

/** The mask with zeros for what a sequence is padded with; none where nothing is padding. */
function paddedMask(mask: tf.Tensor | undefined, {shape}: tf.Tensor, length: number): tf.Tensor | undefined {
  const [batch, , time] = shape as number[];
  if (mask && mask.shape.join() !== [batch, time].join())
    throw new ShapeError(`chunks: mask is [${mask.shape}], but must be [${batch}, ${time}]`);
  if (!mask && length === time) return undefined;
  return padAxis((mask ?? tf.ones([batch, time])).toInt(), 1, 0, length - time);
}

function requireRotations(rotations: tf.Tensor | undefined, time: number, chunkLength: number): tf.Tensor {
  if (rotations) return rotations;
  throw new ShapeError(
    `lshAttention: ${time} positions are more than chunkLength ${chunkLength}, so that they are hashed: give rotations or an order`,
  );
}

function requireHeads(name: string, tensors: {[name: string]: tf.Tensor}): void {
  requireRank(name, tensors, '[batch, heads, time, size]');
}
