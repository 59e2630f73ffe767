import * as tf from '@tensorflow/tfjs';
import {blockSums} from './block-sums';
import type {Blocks} from './blocks';
import {cutRows, joinRows, type Rows, withOnes, withoutOnes} from './rows';
import {squareSums, totalSums} from './square';
import {averageOf, emptySums, lowestKey, mergeSums, sliceAxis, type WeightedSums} from './sums';

/** What a stream remembers where biases reach back a fixed number of positions; its shapes never change. */
export type WindowState = {
  /** The sums, without biases, over all positions that have left the window: [heads, 1, 1, N] and [heads, 1, 1, D + 1, N]. */
  far: WeightedSums;
  /** Keys [heads, reach, N] and values [heads, reach, D, N] of the window's positions; null where reach is 0. */
  window: {keys: tf.Tensor; values: tf.Tensor} | null;
};

/** The biases of a piece's rows. */
export interface WindowBiases {
  /** How the piece is cut into blocks, with its biases for itself. */
  blocks: Blocks;
  own: readonly tf.Tensor[];
  /** For the positions of the window, [heads or 1, 1, rows, reach]; null where it has none. */
  window: tf.Tensor | null;
}

/**
 * The averages [heads, time, D, N] of the next rows of a stream, which see the window before them and all that was before
 * that.
 */
export function advanceWindow(
  rows: Rows,
  before: WindowState | null,
  {blocks, own, window: windowBias}: WindowBiases,
): {average: tf.Tensor; state: WindowState} {
  const {far, window: held} = before ?? emptyWindow(rows, windowBias);
  const window = held && {keys: held.keys, values: withOnes(held.values)};
  const time = rows.keys.shape[1] as number;
  const piece = blockSums(cutRows(rows, blocks.count, blocks.size), blocks, own);
  const joined = asBlock({maximum: joinRows(piece.maximum, time), sums: joinRows(piece.sums, time)});
  const near = window && windowBias ? mergeSums(joined, squareSums(asKeys(window), windowBias)) : joined;
  const {average} = averageOf(mergeSums(near, far));
  return {average: average.squeeze([1]), state: moveOn(far, window, rows)};
}

/** The state after the rows. */
function moveOn(far: WeightedSums, window: Rows | null, rows: Rows): WindowState {
  if (!window) return {far: mergeSums(far, totalSums(asKeys(rows))), window};
  const time = rows.keys.shape[1] as number;
  const reach = window.keys.shape[1] as number;
  const keys = tf.concat([window.keys, rows.keys], 1);
  const values = tf.concat([window.values, rows.values], 1);
  const part = (begin: number, size: number): Rows => ({
    keys: sliceAxis(keys, 1, begin, size),
    values: sliceAxis(values, 1, begin, size),
  });
  const last = part(time, reach);
  return {
    far: mergeSums(far, totalSums(asKeys(part(0, time)))),
    window: {keys: last.keys, values: withoutOnes(last.values)},
  };
}

function emptyWindow({keys, values}: Rows, bias: tf.Tensor | null): WindowState {
  const [heads, , parts, columns] = values.shape as number[];
  const reach = bias?.shape[3];
  return {
    far: emptySums([heads, 1, 1, parts, columns]),
    window: reach
      ? {
          keys: tf.fill(keys.shape.with(1, reach), lowestKey),
          values: tf.zeros([heads, reach, parts - 1, columns]),
        }
      : null,
  };
}

/** Rows [heads, time, ...] as one block. */
const asKeys = ({keys, values}: Rows): Rows => ({keys: keys.expandDims(1), values: values.expandDims(1)});
const asBlock = ({maximum, sums}: WeightedSums): WeightedSums => ({
  maximum: maximum.expandDims(1),
  sums: sums.expandDims(1),
});
