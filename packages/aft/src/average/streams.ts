/**
 * The averages of the next piece of a sequence. Where biases reach back a fixed number of positions, a stream remembers a
 * window of so many and the sums over all before; where they reach all positions, it remembers all. The sums are those of
 * visible-keys.ts, taken directly: nobody trains through a stream, so it needs no gradient in closed form.
 */
import * as tf from '@tensorflow/tfjs';
import {appendRows} from '@variants/core';
import {isWide} from './pair-sums';
import {type Blocks, cutRows, joinRows, triangleSums, visibleSums} from './visible-keys';
import {lowestKey, type Weighted} from './weighted';
import {
  addWeighted,
  averageOf,
  concatWeighted,
  emptySums,
  onBoth,
  sliceWeighted,
  squareSums,
  totalSums,
  withOnes,
  withoutOnes,
} from './weighted-sums';

/** What a stream remembers where biases reach back a fixed number of positions; its shapes never change. */
export type WindowState = {
  /** The sums, without biases, over all positions that have left the window: [heads, 1, 1, N] and [heads, 1, 1, D + 1, N]. */
  far: Weighted;
  /** Keys [heads, reach, N] and values [heads, reach, D, N] of the window's positions; null where reach is 0. */
  window: {keys: tf.Tensor; values: tf.Tensor} | null;
};

/** The biases of a piece's rows. */
export interface WindowBiases {
  /** How the piece is cut into blocks. */
  blocks: Blocks;
  /** For the piece itself, one tensor for each offset of the blocks. */
  own: readonly tf.Tensor[];
  /** For the positions of the window, [heads or 1, 1, rows, reach]; null where it has none. */
  window: tf.Tensor | null;
}

/**
 * The averages [heads, time, D, N] of the next rows, which see the window before them and all that was before that.
 * @param terms Of the rows: exponent [heads, time, N], values [heads, time, D + 1, N].
 */
export function continueWindow(
  terms: Weighted,
  {blocks, own, window: windowBias}: WindowBiases,
  before: WindowState | null,
): {average: tf.Tensor; state: WindowState} {
  const {far, window} = before ?? emptyWindow(terms, windowBias);
  const held = window && {exponent: window.keys, values: withOnes(window.values)};
  const time = terms.exponent.shape[1] as number;
  const rows = cutRows(terms, blocks);
  // Single rows are always weighed pair by pair, without a look at values.
  const isWideFor = (keys: Weighted, biases: readonly tf.Tensor[]) => time > 1 && isWide(keys, biases);
  const piece = asBlock(onBoth(visibleSums(rows, blocks, own, isWideFor(rows, own)), (x) => joinRows(x, time)));
  const inWindow = held && asBlock(held);
  const near =
    inWindow && windowBias
      ? addWeighted(piece, squareSums(inWindow, windowBias, isWideFor(inWindow, [windowBias])))
      : piece;
  const {average} = averageOf(addWeighted(near, far));
  return {average: average.squeeze([1]), state: moveWindow(far, held, terms)};
}

/** The state after the rows. */
function moveWindow(far: Weighted, held: Weighted | null, terms: Weighted): WindowState {
  if (!held) return {far: addWeighted(far, totalSums(asBlock(terms))), window: null};
  const [time, reach] = [terms, held].map(({exponent}) => exponent.shape[1] as number);
  const all = concatWeighted([held, terms], 1);
  const last = sliceWeighted(all, 1, time, reach);
  return {
    far: addWeighted(far, totalSums(asBlock(sliceWeighted(all, 1, 0, time)))),
    window: {keys: last.exponent, values: withoutOnes(last.values)},
  };
}

function emptyWindow({exponent, values}: Weighted, bias: tf.Tensor | null): WindowState {
  const [heads, , parts, columns] = values.shape as number[];
  const reach = bias?.shape[3];
  return {
    far: emptySums([heads, 1, 1, parts, columns]),
    window: reach
      ? {keys: tf.fill(exponent.shape.with(1, reach), lowestKey), values: tf.zeros([heads, reach, parts - 1, columns])}
      : null,
  };
}

/** Rows [heads, time, ...] as one block. */
const asBlock = (rows: Weighted) => onBoth(rows, (x) => x.expandDims(1));

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

/**
 * The averages [1, time, 1, N] of the next rows, which see all before them. The state is added to in place where its memory
 * is nobody else's.
 * @param terms Of the rows: exponent [1, time, N], values [1, time, 2, N].
 * @param capacity Positions that a new state has room for; one that is there must have room for the rows.
 */
export function continueHistory(
  terms: Weighted,
  {own, history}: HistoryBiases,
  before: HistoryState | null,
  capacity: number,
): {average: tf.Tensor; state: HistoryState} {
  const time = own.shape[0];
  const asSquare = (bias: tf.Tensor) => bias.expandDims(0).expandDims(0);
  const isWideFor = (keys: Weighted, bias: tf.Tensor) => time > 1 && isWide(keys, [bias]);
  const [rows, ownBias] = [asBlock(terms), asSquare(own)];
  const piece = triangleSums(rows, ownBias, false, isWideFor(rows, ownBias));
  const sumsBefore = (held: Weighted, bias: tf.Tensor) => squareSums(held, bias, isWideFor(held, bias));
  const held = before && asBlock({exponent: before.keys, values: withOnes(before.values.expandDims(2))});
  const sums = held && history ? addWeighted(piece, sumsBefore(held, asSquare(history))) : piece;
  return {average: averageOf(sums).average.squeeze([1]), state: appendHistory(terms, before, capacity)};
}

function appendHistory(terms: Weighted, before: HistoryState | null, capacity: number): HistoryState {
  const {exponent: keys} = terms;
  const values = withoutOnes(terms.values).squeeze([2]);
  const count = tf.scalar(keys.shape[1] as number, 'int32');
  if (!before) return growHistory({keys, values, length: count}, capacity);
  return {
    keys: appendRows(before.keys, keys, before.length),
    values: appendRows(before.values, values, before.length),
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
