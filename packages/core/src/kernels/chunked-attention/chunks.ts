import * as tf from '@tensorflow/tfjs';
import {stableOrder} from '../stable-order';
import type {ChunkedAttentionAttributes, ChunkedAttentionInputs} from './types';

/** What a key scores that a query must not see: replaced, not added, so that a query without any other sees it. */
const hiddenScore = -1e9;

/**
 * How rows [batch, heads, time, ...] come to lie in chunks, and back. With n chunks of c sorted entries, R c n / c = R time of
 * them, the keys of chunk i are the chunks i - before ... i + after, around the end to the beginning.
 */
export class Chunks {
  private readonly batch: number;
  private readonly heads: number;
  private readonly time: number;
  readonly rounds: number;
  /** Number n of chunks. */
  readonly count: number;
  /** The position of each sorted entry, [batch, heads, rounds time]; [1, 1, time] where they lie in their own order. */
  readonly positions: tf.Tensor;
  private readonly inverse: tf.Tensor | undefined;

  constructor(
    {queries, order}: Pick<ChunkedAttentionInputs, 'queries' | 'order'>,
    private readonly attributes: Pick<ChunkedAttentionAttributes, 'chunkLength' | 'before' | 'after'>,
  ) {
    const [batch, heads, time] = queries.shape as number[];
    [this.batch, this.heads, this.time] = [batch, heads, time];
    this.rounds = order ? (order.shape[2] as number) : 1;
    this.count = (this.rounds * time) / attributes.chunkLength;
    this.positions = order
      ? order.reshape([batch, heads, this.rounds * time])
      : tf.range(0, time, 1, 'int32').reshape([1, 1, time]);
    this.inverse = order && stableOrder(order, time);
  }

  /** [batch, heads, time, size] to [batch, heads, n, c, size]. */
  cut(x: tf.Tensor): tf.Tensor {
    const size = x.shape[3] as number;
    const sorted = this.inverse ? tf.gather(x, this.positions, 2, 2) : x;
    return sorted.reshape([this.batch, this.heads, this.count, this.attributes.chunkLength, size]);
  }

  /** What was computed of each sorted entry, [batch, heads, n, c, size], by round and position: [batch, heads, rounds, time, size]. */
  byPosition(x: tf.Tensor): tf.Tensor {
    const size = x.shape[4] as number;
    const sorted = x.reshape([this.batch, this.heads, this.rounds, this.time, size]);
    return this.inverse ? tf.gather(sorted, this.inverse, 3, 3) : sorted;
  }

  /** The gradient of {@link cut}. */
  uncut(x: tf.Tensor): tf.Tensor {
    return this.byPosition(x).sum(2);
  }

  /** [..., n, c, size] to the chunks that each sees, [..., n, c (before + 1 + after), size]; `axis` is that of n. */
  window(x: tf.Tensor, axis = 2): tf.Tensor {
    return tf.concat(
      this.offsets.map((offset) => rolled(x, axis, offset)),
      axis + 1,
    );
  }

  /** The gradient of {@link window}. */
  unwindow(x: tf.Tensor): tf.Tensor {
    const {chunkLength} = this.attributes;
    const parts = this.offsets.map((offset, i) => {
      const part = x.slice([0, 0, 0, i * chunkLength, 0], [-1, -1, -1, chunkLength, -1]);
      return rolled(part, 2, -offset);
    });
    return tf.addN(parts);
  }

  private get offsets(): number[] {
    const {before, after} = this.attributes;
    return Array.from({length: before + 1 + after}, (_, i) => i - before);
  }
}

/** Entry i + offset at the place of entry i, around the end to the beginning. */
function rolled(x: tf.Tensor, axis: number, offset: number): tf.Tensor {
  const count = x.shape[axis] as number;
  const first = ((offset % count) + count) % count;
  if (first === 0) return x;
  const part = (from: number, length: number) =>
    x.slice(
      x.shape.map((_, i) => (i === axis ? from : 0)),
      x.shape.map((_, i) => (i === axis ? length : -1)),
    );
  return tf.concat([part(first, count - first), part(0, first)], axis);
}

/** Scores of all queries with the keys of their windows, and where they are not the product of the two. */
export interface ChunkScores {
  /** [batch, heads, n, c, c (before + 1 + after)] */
  scores: tf.Tensor;
  /** Of the same shape or one that is broadcast to it, bool; null where nothing was replaced. */
  replaced: tf.Tensor | null;
}

/** S = q kᵀ; then the score of keys that are hidden or in the future, then that of a query's own key, are replaced. */
export function chunkScores(
  chunks: Chunks,
  {queries, keys, mask}: ChunkedAttentionInputs,
  {chunkLength, causal, selfScore}: ChunkedAttentionAttributes,
): ChunkScores {
  const products = tf.matMul(chunks.cut(queries), chunks.window(chunks.cut(keys)), false, true);
  const {positions, count} = chunks;
  const [batch, heads] = positions.shape;
  const cut = positions.reshape([batch, heads, count, chunkLength, 1]);
  const window = chunks.window(cut).transpose([0, 1, 2, 4, 3]);
  const hidden = [
    ...(mask
      ? [
          chunks
            .window(cutMask(chunks, mask, queries))
            .transpose([0, 1, 2, 4, 3])
            .lessEqual(0),
        ]
      : []),
    ...(causal ? [window.greater(cut)] : []),
  ];
  const own = selfScore === null ? null : window.equal(cut);
  let scores: tf.Tensor = products;
  for (const where of hidden) scores = tf.where(tf.broadcastTo(where, scores.shape), hiddenScore, scores);
  if (own) scores = tf.where(tf.broadcastTo(own, scores.shape), selfScore as number, scores);
  const all = [...hidden, ...(own ? [own] : [])];
  return {scores, replaced: all.length === 0 ? null : all.reduce((a, b) => a.logicalOr(b))};
}

/** The mask of keys [batch, time] in chunks. */
function cutMask(chunks: Chunks, mask: tf.Tensor, {shape}: tf.Tensor): tf.Tensor {
  const [batch, heads, time] = shape as number[];
  return chunks.cut(tf.broadcastTo(mask.toInt().reshape([batch, 1, time, 1]), [batch, heads, time, 1]));
}
