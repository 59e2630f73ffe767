/**
 * LSH attention as the library reformer-pytorch (Phil Wang, "lucidrains") has it, which differs from the authors' in what a
 * query sees and by how much: keys of unit length times size^-1/2, its own chunk and the one before it, and rules for pairs
 * that meet by accident or several times. Composed of tfjs's operations.
 *
 *     N    rows: batch times heads        T    positions        R    rounds        c    positions of a chunk
 */
import * as tf from '@tensorflow/tfjs';
import {
  embeddingLookup,
  requireCount,
  requireGiven,
  requireOptionalTensors,
  requireRank,
  ShapeError,
  stableOrder,
  withoutGradient,
} from '@variants/core';

/** About the lowest finite float32. */
export const lowest = -3.4e38;
/** What a query's own key scores. */
export const ownScore = -5e4;

/** Options of {@link lucidLshAttention}. */
export interface LucidAttentionOptions {
  /** Positions c of a chunk; 2 c divides time. */
  bucketSize: number;
  /** [1 or rows, size, rounds, time / c / 2]; with one round where `rehash` is false. */
  rotations: tf.Tensor;
  /** Rounds where `rehash` is false. Default: those of the rotations. */
  numHashes?: number;
  /** Default false. */
  causal?: boolean;
  /** [rows, time], 1 = a token, 0 = padding, which neither sees nor is seen. Default: all are tokens. */
  mask?: tf.Tensor;
  /** Positions from here on are no queries, and keys that every query sees. Default time. */
  queryLength?: number;
  /** A query sees keys of other buckets that come to lie beside it. Default true. */
  attendAcrossBuckets?: boolean;
  /** A key that is met several times counts as often; else its score is lowered by the logarithm of that. Default true. */
  allowDuplicates?: boolean;
  /** Each round hashes anew; else round r has the (R - r)th best bucket of one hash. Default true. */
  rehash?: boolean;
  /** What queries and keys become when they are hashed, such as turned by their positions. Default: they stay. */
  positioned?: (u: tf.Tensor) => tf.Tensor;
}

/** What {@link lucidLshAttention} gives. */
export type LucidAttentionOutputs = {
  /** [rows, query length, value size] */
  output: tf.Tensor;
  /** Buckets, of round r from r time / c on, [rows, rounds, time] int32. */
  buckets: tf.Tensor;
  /** The positions by (bucket, position), [rows, rounds, time] int32. */
  order: tf.Tensor;
};

const optionNames = [
  'bucketSize',
  'rotations',
  'numHashes',
  'causal',
  'mask',
  'queryLength',
  'attendAcrossBuckets',
  'allowDuplicates',
  'rehash',
  'positioned',
];

/**
 * Attention with shared queries and keys:
 *
 *     S_ij = u_i · u_j / |u_j| / sqrt(size) for the keys of i's chunk and the one before it, around the beginning to the end;
 *            lowest where i or j is padding, or j is later;  -5e4 where j = i;  lowest where the buckets are not the same, if told
 *     without duplicates:  S_ij -= log(times that i meets j + 1e-9)
 *
 * A pair that meets only where two rounds border on each other is met 0 times, so that its score rises: as in the library.
 * @param u [rows, time, size]
 * @param v [rows, time, value size]
 * @param known An order that an earlier call gave, in place of one by buckets.
 */
export function lucidLshAttention(
  u: tf.Tensor,
  v: tf.Tensor,
  options: LucidAttentionOptions,
  known?: Pick<LucidAttentionOutputs, 'buckets' | 'order'>,
): LucidAttentionOutputs {
  requireRank('lucidLshAttention', {u, v}, '[rows, time, size]');
  if (v.shape.slice(0, 2).join() !== u.shape.slice(0, 2).join())
    throw new ShapeError(`lucidLshAttention: v [${v.shape}] must begin like u [${u.shape}]`);
  return tf.tidy(() => {
    const {found, sorted, chunks} = scored('lucidLshAttention', u, options, known);
    const {e, top, total} = found;
    const [rows, time] = u.shape as number[];
    const rounds = sorted.order.shape[1] as number;
    const values = tf.matMul(e, chunks.withPrevious(chunks.cut(v)));
    const byPosition = (x: tf.Tensor) => chunks.byPosition(x).reshape([rows, rounds, time, -1]);
    const [tops, totals, sums] = [top, total, values].map(byPosition);
    const share = tops.sub(tops.max(1, true)).exp();
    const output = sums.mul(share).sum(1).div(totals.mul(share).sum(1));
    const {queryLength = time} = options;
    return {output: output.slice([0, 0, 0], [-1, queryLength, -1]), ...sorted};
  });
}

/** How much of each position every query takes, over all rounds, [rows, query length, time]; for looking at. */
export function lucidAttentionWeights(u: tf.Tensor, options: LucidAttentionOptions): tf.Tensor {
  return tf.tidy(() => {
    const {found, sorted, chunks} = scored('lucidAttentionWeights', u, options);
    const [rows, time] = u.shape as number[];
    const rounds = sorted.order.shape[1] as number;
    const places = chunks.withPrevious(chunks.positions).squeeze([3]).toInt();
    const spread = tf.matMul(found.e, tf.oneHot(places as tf.Tensor1D, time).toFloat());
    const byPosition = (x: tf.Tensor) => chunks.byPosition(x).reshape([rows, rounds, time, -1]);
    const [tops, totals, sums] = [found.top, found.total, spread].map(byPosition);
    const share = tops.sub(tops.max(1, true)).exp();
    const weights = sums.mul(share).sum(1).div(totals.mul(share).sum(1));
    return weights.slice([0, 0, 0], [-1, options.queryLength ?? time, -1]);
  });
}

function scored(
  name: string,
  u: tf.Tensor,
  options: LucidAttentionOptions,
  known?: Pick<LucidAttentionOutputs, 'buckets' | 'order'>,
) {
  requireRank(name, {u}, '[rows, time, size]');
  requireGiven(name, options, optionNames);
  requireOptionalTensors(name, {mask: options.mask});
  requireRank(name, {rotations: options.rotations}, '[rows, size, rounds, buckets]');
  const {bucketSize, positioned = (x: tf.Tensor) => x} = options;
  requireCount(name, 'bucketSize', bucketSize);
  const time = u.shape[1] as number;
  if (time % (2 * bucketSize) !== 0)
    throw new ShapeError(`${name}: twice bucketSize ${bucketSize} must divide the ${time} positions; pad them`);
  const sorted = known ?? withoutGradient(() => hashed(u, options));
  const chunks = new SortedChunks(sorted.order, bucketSize);
  const scores = maskedScores(chunks, positioned(u), sorted.buckets, options);
  const top = scores.max(-1, true);
  const e = scores.sub(top).exp();
  return {found: {e, top, total: e.sum(-1, true)}, sorted, chunks};
}

/** Buckets and the order by them. */
function hashed(u: tf.Tensor, options: LucidAttentionOptions): Pick<LucidAttentionOutputs, 'buckets' | 'order'> {
  const {bucketSize, rotations, rehash = true, numHashes = rotations.shape[2] as number} = options;
  const [rows, time, size] = u.shape as number[];
  const count = time / bucketSize;
  const [own, , drawn, half] = rotations.shape as number[];
  if (rotations.rank !== 4 || (own !== 1 && own !== rows) || rotations.shape[1] !== size || 2 * half !== count)
    throw new ShapeError(
      `lucidLshAttention: rotations [${rotations.shape}] must be [1 or ${rows}, ${size}, rounds, ${count / 2}]`,
    );
  const all = rotations.reshape([own, size, drawn * half]).tile([rows / own, 1, 1]);
  const a = tf.matMul(u, all).reshape([rows, time, drawn, half]);
  const both = tf.concat([a, a.neg()], -1);
  const best = rehash ? both.argMax(-1) : tf.topk(both.squeeze([2]), numHashes).indices.reverse(-1);
  const buckets = best.transpose([0, 2, 1]).toInt();
  const offsets = tf.range(0, buckets.shape[1] as number, 1, 'int32').mul(tf.scalar(count, 'int32'));
  return {buckets: buckets.add(offsets.reshape([1, -1, 1])), order: stableOrder(buckets, count)};
}

/** Sorted entries of all rounds in chunks. */
class SortedChunks {
  private readonly rows: number;
  private readonly inverse: tf.Tensor;
  /** The position of each entry, [rows, chunks, c, 1]. */
  readonly positions: tf.Tensor;
  /** Chunks of all rounds. */
  readonly count: number;

  constructor(
    order: tf.Tensor,
    readonly length: number,
  ) {
    const [rows, rounds, time] = order.shape as number[];
    this.rows = rows;
    this.count = (rounds * time) / length;
    this.positions = order.reshape([rows, this.count, length, 1]);
    // Of each position the place of its entry among those of all rounds.
    const inRound = withoutGradient(() => stableOrder(order, time));
    const starts = tf.range(0, rounds * time, time, 'int32').reshape([1, rounds, 1]);
    this.inverse = inRound.add(starts).reshape([rows, rounds * time]);
  }

  /** The chunk of each position in each round, numbered over all rounds, [rows, rounds · time]. */
  get numbers(): tf.Tensor {
    return this.inverse.floorDiv(tf.scalar(this.length, 'int32')).toInt();
  }

  /** [rows, time, size] to [rows, chunks, c, size]. */
  cut(x: tf.Tensor): tf.Tensor {
    return takeRows(x, this.positions.reshape([this.rows, -1])).reshape([this.rows, this.count, this.length, -1]);
  }

  /** What each position has in each round [rows, rounds, time], to [rows, chunks, c, 1]. */
  sorted(x: tf.Tensor): tf.Tensor {
    const [rows, rounds, time] = x.shape as number[];
    const places = this.positions.reshape([rows * rounds, time]);
    const values = tf.gather(x.reshape([rows * rounds, time]), places.toInt(), 1, 1);
    return values.reshape(this.positions.shape);
  }

  /** [rows, chunks, c, size] to the entries by round and position, [rows, rounds · time, size]. */
  byPosition(x: tf.Tensor): tf.Tensor {
    return takeRows(x.reshape([this.rows, this.count * this.length, -1]), this.inverse);
  }

  /** [rows, chunks, c, ...] with the chunk before each behind it: [rows, chunks, 2 c, ...]. */
  withPrevious(x: tf.Tensor): tf.Tensor {
    const part = (from: number, length: number) => tf.slice(x, [0, from, 0, 0], [-1, length, -1, -1]);
    return tf.concat([x, tf.concat([part(this.count - 1, 1), part(0, this.count - 1)], 1)], 2);
  }
}

/** Rows of x [n, time, size] at positions [n, count], with a gradient for each. */
function takeRows(x: tf.Tensor, positions: tf.Tensor): tf.Tensor {
  const [rows, time, size] = x.shape as number[];
  const starts = tf.range(0, rows * time, time, 'int32').reshape([rows, 1]);
  return embeddingLookup(x.reshape([rows * time, size]), positions.toInt().add(starts));
}

function maskedScores(
  chunks: SortedChunks,
  u: tf.Tensor,
  buckets: tf.Tensor,
  {causal = false, mask, queryLength, attendAcrossBuckets = true, allowDuplicates = true}: LucidAttentionOptions,
): tf.Tensor {
  const [rows, time, size] = u.shape as number[];
  const keys = chunks.withPrevious(unitLength(chunks.cut(u)));
  const across = (x: tf.Tensor) => chunks.withPrevious(x).transpose([0, 1, 3, 2]);
  let scores: tf.Tensor = tf.matMul(chunks.cut(u), keys, false, true).mul(size ** -0.5);
  const put = (where: tf.Tensor, value: number) => {
    scores = tf.where(tf.broadcastTo(where, scores.shape), value, scores);
  };
  const at = chunks.positions;
  if (mask) {
    const there = chunks.cut(mask.toFloat().reshape([rows, time, 1])).greater(0);
    put(there.logicalAnd(across(there.toInt()).greater(0)).logicalNot(), lowest);
  }
  if (causal) {
    const isLater = across(at).greater(at);
    put(queryLength === undefined ? isLater : isLater.logicalAnd(across(at).less(queryLength)), lowest);
  }
  put(across(at).equal(at), ownScore);
  if (!attendAcrossBuckets) {
    const codes = chunks.sorted(buckets);
    put(across(codes).notEqual(codes), lowest);
  }
  return allowDuplicates ? scores : scores.sub(timesMet(chunks, buckets, attendAcrossBuckets).add(1e-9).log());
}

/** In how many rounds the query of each pair meets the key in its own chunk or the one before it. */
function timesMet(chunks: SortedChunks, buckets: tf.Tensor, acrossBuckets: boolean): tf.Tensor {
  const [rows, rounds, time] = buckets.shape as number[];
  const numbers = chunks.numbers.reshape([rows, rounds, time]);
  const next = numbers.add(tf.scalar(1, 'int32')).mod(tf.scalar(chunks.count, 'int32'));
  // Where buckets must agree, they are part of a chunk's number.
  const within = (x: tf.Tensor) => (acrossBuckets ? x : x.add(buckets.mul(tf.scalar(chunks.count, 'int32'))));
  const [own, after] = [numbers, next].map((x) => chunks.cut(within(x).transpose([0, 2, 1]).toFloat()));
  const met = Array.from({length: rounds}, (_, r) => {
    const column = (x: tf.Tensor) => x.slice([0, 0, 0, r], [-1, -1, -1, 1]);
    const isMet = (keys: tf.Tensor) =>
      chunks.withPrevious(column(keys)).transpose([0, 1, 3, 2]).equal(column(own)).toFloat();
    return isMet(own).add(isMet(after));
  });
  return tf.addN(met);
}

/** u / max(|u|, 1e-12) */
export function unitLength(u: tf.Tensor): tf.Tensor {
  // Where u is 0, as of padding, the root has no gradient, and the bound takes its place.
  return u.div(u.square().sum(-1, true).maximum(1e-24).sqrt());
}
