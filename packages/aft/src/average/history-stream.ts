import * as tf from '@tensorflow/tfjs';
import {appendRows} from '@variants/core';
import {type Rows, withOnes, withoutOnes} from './rows';
import {squareSums} from './square';
import {averageOf, lowestKey, mergeSums} from './sums';
import {triangleSums} from './triangle';

/** What a stream remembers where biases reach all positions: keys and values of all, with room for more. */
export type HistoryState = {
  /** [1, capacity, N]; what is not there yet has the lowest key. */
  keys: tf.Tensor;
  /** [1, capacity, N] */
  values: tf.Tensor;
  /** [] int32: how many of them there are. */
  length: tf.Scalar;
};

/** The biases of a piece's rows. */
export interface HistoryBiases {
  /** For the rows themselves, [rows, rows]. */
  own: tf.Tensor;
  /** For the positions that there is room for, [rows, capacity]; null at the start of a stream. */
  history: tf.Tensor | null;
}

/** The averages [1, time, 1, N] of the next rows of a stream, which see all before them. */
export function averageAfter(rows: Rows, before: HistoryState | null, {own, history}: HistoryBiases): tf.Tensor {
  const [, time, parts, columns] = rows.values.shape as number[];
  const positions = {keys: rows.keys.expandDims(1), values: rows.values.expandDims(1)};
  const piece = triangleSums(positions, {bias: own.reshape([1, 1, time, time]), isByDistance: false});
  if (!before || !history) return averageOf(piece).average.reshape([1, time, parts - 1, columns]);
  const held = {keys: before.keys.expandDims(1), values: withOnes(before.values.expandDims(2)).expandDims(1)};
  const all = mergeSums(piece, squareSums(held, history.expandDims(0).expandDims(0)));
  return averageOf(all).average.reshape([1, time, parts - 1, columns]);
}

/** The state with the rows added, in place where its memory is nobody else's. */
export function appendHistory({keys, values}: Rows, before: HistoryState | null, capacity: number): HistoryState {
  const time = keys.shape[1] as number;
  const plain = withoutOnes(values).squeeze([2]);
  const count = tf.scalar(time, 'int32');
  if (!before) return {keys: withRoom(keys, capacity, lowestKey), values: withRoom(plain, capacity, 0), length: count};
  return {
    keys: appendRows(before.keys, keys, before.length),
    values: appendRows(before.values, plain, before.length),
    length: before.length.add(count),
  };
}

/** The state with room for so many positions. */
export function growHistory({keys, values, length}: HistoryState, capacity: number): HistoryState {
  return {keys: withRoom(keys, capacity, lowestKey), values: withRoom(values, capacity, 0), length};
}

function withRoom(rows: tf.Tensor, capacity: number, filling: number): tf.Tensor {
  const missing = capacity - (rows.shape[1] as number);
  return missing > 0
    ? rows.pad(
        [
          [0, 0],
          [0, missing],
          [0, 0],
        ],
        filling,
      )
    : rows;
}
