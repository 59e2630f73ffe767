/**
 * LSH attention of one position after another, as Hugging Face's cached decoding has it: the buckets of all positions so far
 * are kept, and a query sees the chunk that it stands in, and those beside it, when these are sorted. Where chunks begin so
 * moves with the length: what a stream sees is not what a whole sequence's chunks hold.
 */
import * as tf from '@tensorflow/tfjs';
import {appendRows, growAxis, stableOrder} from '@variants/core';
import {ownScore, unitKeys} from './attention';
import type {BucketCount} from './hashing';
import {bucketsIn} from './hashing';

/** What a stream of LSH attention remembers. */
export type LshMemory = {
  /** u [batch, heads, capacity, size] and v of all positions. */
  vectors: tf.Tensor;
  values: tf.Tensor;
  /** Buckets [batch, heads, capacity, rounds] int32. */
  buckets: tf.Tensor;
  /** [] int32: positions so far. */
  length: tf.Scalar;
  /** [] int32, 1 = the next query goes by the buckets, 0 = it sees everything. */
  isHashed: tf.Scalar;
};

/** How a query looks at what a stream remembers. */
export interface LshSight {
  chunkLength: number;
  /** Chunks before its own. */
  before: number;
  numBuckets: BucketCount;
}

const whole = (value: number) => tf.scalar(value, 'int32');

/** The rows of a piece that is appended to the memory, [batch, heads, time, ...]. */
export type LshRows = Pick<LshMemory, 'vectors' | 'values' | 'buckets'>;

/** The memory behind a piece; `capacity` is what there is to be room for. */
export function appendTo(memory: LshMemory | null, rows: LshRows, capacity: number, isHashed: tf.Scalar): LshMemory {
  const time = rows.vectors.shape[2] as number;
  const length = memory?.length ?? (whole(0) as tf.Scalar);
  const put = (name: keyof LshRows) =>
    memory ? appendRows(growAxis(memory[name], 2, capacity), rows[name], length) : growAxis(rows[name], 2, capacity);
  return {
    vectors: put('vectors'),
    values: put('values'),
    buckets: put('buckets'),
    length: length.add(whole(time)) as tf.Scalar,
    isHashed,
  };
}

/**
 * What the last position of a memory sees, [batch, heads, 1, value size]. With n positions before it:
 *
 *     at = its place among all n + 1 when sorted by (bucket, position), in each round
 *     keys: the places (floor(at / c) - before) c ... + c (before + 1) - 1, modulo n + 1
 *
 * one softmax over the keys of all rounds, its own scoring -1e5. Where nothing was hashed yet it sees all positions, of which
 * there are c + 1 at most.
 */
export function lookBack({vectors, values, buckets, length, isHashed}: LshMemory, sight: LshSight): tf.Tensor {
  const {chunkLength: c, before, numBuckets} = sight;
  const [batch, heads, capacity, rounds] = buckets.shape as number[];
  const window = c * (before + 1);
  const last = length.sub(whole(1));
  const N = bucketsIn(numBuckets);
  const places = tf.range(0, capacity, 1, 'int32');
  // Room that is not in use is sorted behind everything.
  const byRound = buckets.transpose([0, 1, 3, 2]);
  const isThere = tf.broadcastTo(places.less(length), byRound.shape);
  const keys = tf.where(isThere, byRound, whole(N)).toInt();
  const own = tf.gather(buckets, last.reshape([1]).toInt(), 2).reshape([batch, heads, rounds, 1]);
  const at = keys.lessEqual(own).toInt().sum(-1, true).sub(whole(1));
  const start = at.floorDiv(whole(c)).sub(whole(before)).mul(whole(c));
  const seen = start
    .add(tf.range(0, window, 1, 'int32'))
    .mod(length)
    .toInt();
  const order = stableOrder(keys, N + 1);
  const hashed = gatherLast(order, seen).reshape([batch, heads, rounds * window]);

  const first = tf.range(0, Math.min(capacity, c + 1), 1, 'int32');
  const all = tf.broadcastTo(first.reshape([1, 1, -1]), [batch, heads, first.size]);
  const positions = tf.concat([hashed, all], 2).toInt();
  const counts = tf.concat([
    tf.fill([rounds * window], 1, 'int32').mul(isHashed),
    first.less(length).toInt().mul(whole(1).sub(isHashed)),
  ]);

  const query = rowsAt(vectors, tf.broadcastTo(last.reshape([1, 1, 1]), [batch, heads, 1]));
  const products = tf.matMul(query, unitKeys(rowsAt(vectors, positions)), false, true);
  const isOwn = positions.equal(last).expandDims(2);
  const scores = tf.where(isOwn, ownScore, products);
  const isSeen = tf.broadcastTo(counts.greater(0).reshape([1, 1, 1, -1]), scores.shape);
  const weights = tf.softmax(tf.where(isSeen, scores, Number.NEGATIVE_INFINITY));
  return tf.matMul(weights, rowsAt(values, positions));
}

/** Whether the query after a memory goes by the buckets: from the position on before which there were c or more. */
export function hashedFrom(memory: LshMemory, chunkLength: number): tf.Scalar {
  return memory.isHashed.maximum(memory.length.greaterEqual(whole(chunkLength)).toInt()).toInt() as tf.Scalar;
}

/** Entries of x [..., n] along its last axis, at places [..., m]. */
function gatherLast(x: tf.Tensor, places: tf.Tensor): tf.Tensor {
  return tf.gather(x, places, x.rank - 1, x.rank - 1);
}

/** Rows of x [batch, heads, time, size] at positions [batch, heads, count]. */
function rowsAt(x: tf.Tensor, positions: tf.Tensor): tf.Tensor {
  return tf.gather(x, positions.toInt(), 2, 2);
}
