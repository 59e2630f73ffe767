import * as tf from '@tensorflow/tfjs';
import {appendRows} from '../kernels/append-rows';
import type {AttentionOptions} from '../kernels/attention';
import {growAxis} from '../kernels/padding';
import {ringInOrder, writeRing} from '../kernels/ring';
import type {StreamSpan} from './causal-layer';

/** Keys and what belongs to them, a row each. */
export type KeyRows = {
  /** [batch, key heads, rows, head size], turned by their positions. */
  keys: tf.Tensor;
  /** [batch, key heads, rows, value size] */
  values: tf.Tensor;
  /** [batch, 1, rows, 1], 1 = a token, 0 = padding; null while there was no padding. */
  mask: tf.Tensor | null;
  /** [1, 1, rows, 1] float32: their positions; null where nobody asks. */
  positions: tf.Tensor | null;
};

/** The rows that a stream of attention remembers, with room for more. */
export type KeyValueCache = KeyRows & {
  /** [] int32: how many there were. */
  length: tf.Scalar;
};

/** How far back the queries of a piece look, as `attention` has it. */
export interface Sight {
  /** Rows before a query's own and that one; null: all. */
  window: number | null;
  /** First rows of the stream, which are seen beside the window. */
  sinks: number;
}

/** Rows, and how the queries of a piece, the last of them, look at those. */
export type Seen = {rows: KeyRows} & Pick<AttentionOptions, 'causal' | 'window' | 'sinks' | 'keyLength'>;

/**
 * The cache after a piece of a stream, and what the piece's queries look at. With a window the cache is a ring: it grows to
 * sinks + window rows and no further.
 * @param capacity Positions that there is to be room for. Default: those that there are.
 */
export function extendCache(
  before: KeyValueCache | null,
  piece: KeyRows,
  {window, sinks}: Sight,
  capacity?: number,
): {cache: KeyValueCache; seen: Seen} {
  const [batch, , time] = piece.keys.shape as number[];
  const bound = window === null ? Number.POSITIVE_INFINITY : sinks + window;
  const held = before?.keys.shape[2] ?? 0;
  const size = Math.min(capacity ?? held + time, bound);
  if (!before) {
    const place = (rows: tf.Tensor) => (time > size ? ringOf(rows, size, sinks) : growAxis(rows, 2, size));
    const cache = {...mapRows(piece, place), length: tf.scalar(time, 'int32')};
    return {cache, seen: {rows: piece, causal: true, window, sinks}};
  }

  // Where padding begins in a later piece, all was tokens before; and the other way round.
  const isMasked = before.mask !== null || piece.mask !== null;
  const tokens = (count: number) => (isMasked ? tf.ones([batch, 1, count, 1]) : null);
  const old: KeyRows = {...before, mask: before.mask ?? tokens(held)};
  const added: KeyRows = {...piece, mask: piece.mask ?? tokens(time)};
  const length = before.length.add(tf.scalar(time, 'int32')) as tf.Scalar;
  const write = (buffer: tf.Tensor, rows: tf.Tensor) =>
    window === null ? appendRows(buffer, rows, before.length) : writeRing(buffer, rows, before.length, sinks);
  const extended = (hold: (buffer: tf.Tensor) => tf.Tensor) => ({
    ...mapRows(old, (buffer, name) => write(growAxis(hold(buffer), 2, size), added[name] as tf.Tensor)),
    length,
  });

  // One query sees all that is left in the ring, in whichever order.
  if (window === null || time === 1) {
    const cache = extended((buffer) => buffer);
    if (window === null) return {cache, seen: {rows: cache, causal: true, keyLength: length}};
    return {cache, seen: {rows: cache, keyLength: length.minimum(tf.scalar(bound, 'int32'))}};
  }
  // The first queries of a longer piece see rows that its last ones take the place of.
  const kept = before.length.minimum(tf.scalar(bound, 'int32')) as tf.Scalar;
  const rows = mapRows(old, (buffer, name) => {
    const inOrder = growAxis(ringInOrder(buffer, before.length, sinks), 2, held + time);
    return appendRows(inOrder, added[name] as tf.Tensor, kept);
  });
  const keyLength = kept.add(tf.scalar(time, 'int32'));
  // A copy is written into: who meets with an error may go on from the cache as it was.
  return {cache: extended((buffer) => buffer.clone()), seen: {rows, causal: true, window, sinks, keyLength}};
}

/**
 * A cache without its positions from `start` to `end` - 1; those behind them, up to `length`, are moved to where these were.
 * @param back Turns heads that stand behind them back by as many positions.
 */
export function closeGap(
  cache: KeyValueCache,
  {start, end, length}: StreamSpan,
  back: {keys(heads: tf.Tensor): tf.Tensor; values(heads: tf.Tensor): tf.Tensor},
): KeyValueCache {
  const moved = {...back, mask: same, positions: (rows: tf.Tensor) => rows.sub(end - start)};
  const closed = mapRows(cache, (rows, name) => {
    const part = (from: number, to: number) =>
      to > from ? [rows.slice([0, 0, from, 0], [-1, -1, to - from, -1])] : [];
    return tf.concat([...part(0, start), ...part(end, length).map(moved[name])], 2);
  });
  return {...closed, length: cache.length.sub(tf.scalar(end - start, 'int32'))};
}

const same = (rows: tf.Tensor) => rows;

/** A ring of so many places with the rows of a stream's beginning. */
function ringOf(rows: tf.Tensor, size: number, sinks: number): tf.Tensor {
  const [batch, heads, , width] = rows.shape as number[];
  return writeRing(tf.zeros([batch, heads, size, width]), rows, tf.scalar(0, 'int32'), sinks);
}

/** Changes each of the tensors that are there. */
function mapRows(rows: KeyRows, change: (tensor: tf.Tensor, name: keyof KeyRows) => tf.Tensor): KeyRows {
  const changed = (name: keyof KeyRows) => {
    const tensor = rows[name];
    return tensor && change(tensor, name);
  };
  return {
    keys: change(rows.keys, 'keys'),
    values: change(rows.values, 'values'),
    mask: changed('mask'),
    positions: changed('positions'),
  };
}
