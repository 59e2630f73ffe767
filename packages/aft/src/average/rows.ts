/**
 * How keys and values of a batch lie while they are averaged: as rows of a sequence [heads, time, N], cut into blocks
 * [heads, blocks, rows, N].
 */
import * as tf from '@tensorflow/tfjs';
import type {KeysAndValues} from './square';
import {lowestKey, sliceAxis} from './sums';

/** Keys [heads, time, N] and values [heads, time, D + 1, N], the last of the D + 1 ones. */
export type Rows = KeysAndValues;

/**
 * Keys and values [batch, time, channels] whose channels share their biases: one head, a column for each channel.
 * @returns Keys [1, time, batch · channels], values [1, time, 2, batch · channels].
 */
export function sharedRows(keys: tf.Tensor, values: tf.Tensor): Rows {
  const [batch, time, channels] = keys.shape as number[];
  const columns = batch * channels;
  const [k, v] = [keys, values].map((x) => x.transpose([1, 0, 2]));
  return {keys: k.reshape([1, time, columns]), values: withOnes(v.reshape([1, time, 1, columns]))};
}

/** Averages [1, time, 1, batch · channels] as [batch, time, channels]. */
export function fromSharedRows(average: tf.Tensor, batch: number): tf.Tensor {
  const time = average.shape[1] as number;
  return average.reshape([time, batch, -1]).transpose([1, 0, 2]);
}

/**
 * Keys [batch, time, heads] and values [batch, time, heads · size], where each head has biases of its own.
 * @returns Keys [heads, time, batch], values [heads, time, size + 1, batch].
 */
export function headRows(keys: tf.Tensor, values: tf.Tensor): Rows {
  const [batch, time, heads] = keys.shape as number[];
  const v = values.reshape([batch, time, heads, -1]).transpose([2, 1, 3, 0]);
  return {keys: keys.transpose([2, 1, 0]), values: withOnes(v)};
}

/** Averages [heads, time, size, batch] as [batch, time, heads · size]. */
export function fromHeadRows(average: tf.Tensor): tf.Tensor {
  const [heads, time, size, batch] = average.shape as number[];
  return average.transpose([3, 1, 0, 2]).reshape([batch, time, heads * size]);
}

/** Values [heads, time, D, N] with the ones that count weights. */
export function withOnes(values: tf.Tensor): tf.Tensor {
  return tf.concat([values, tf.ones(values.shape.with(2, 1))], 2);
}

/** Values [heads, time, D + 1, N] without those ones. */
export function withoutOnes(values: tf.Tensor): tf.Tensor {
  return sliceAxis(values, 2, 0, (values.shape[2] as number) - 1);
}

/** Rows in blocks, the last one filled up with keys that have no weight. */
export function cutRows({keys, values}: Rows, blocks: number, size: number): KeysAndValues {
  const missing = blocks * size - (keys.shape[1] as number);
  const cut = (x: tf.Tensor, filling: number) => {
    const rest = x.shape.slice(2).map((): [number, number] => [0, 0]);
    const filled = missing === 0 ? x : x.pad([[0, 0], [0, missing], ...rest], filling);
    return filled.reshape([x.shape[0], blocks, size, ...x.shape.slice(2)]);
  };
  return {keys: cut(keys, lowestKey), values: cut(values, 0)};
}

/** The first `time` rows of what was computed for blocks [heads, blocks, rows, ...], as [heads, time, ...]. */
export function joinRows(x: tf.Tensor, time: number): tf.Tensor {
  const [heads, blocks, size, ...rest] = x.shape as number[];
  const joined = x.reshape([heads, blocks * size, ...rest]);
  return blocks * size === time ? joined : joined.slice(new Array(joined.rank).fill(0), [heads, time, ...rest]);
}
