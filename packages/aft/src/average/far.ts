import * as tf from '@tensorflow/tfjs';
import {type KeysAndValues, totalSums} from './square';
import {concatSums, emptySums, mergeSums, sliceSums, type WeightedSums} from './sums';

/**
 * For each block the sums without biases over all blocks that lie at least `distance` before it, or after it where
 * `distance` is negative; one row for all of a block's rows, [heads, blocks, 1, ...].
 *
 * Sums of twice as many blocks with each turn of the loop, so that there are about log2(blocks) turns.
 */
export function farSums(positions: KeysAndValues, distance: number): WeightedSums {
  const blocks = positions.keys.shape[1] as number;
  const direction = Math.sign(distance);
  let sums = totalSums(positions);
  for (let reach = 1; reach < blocks; reach *= 2) sums = mergeSums(sums, shiftBlocks(sums, direction * reach));
  return shiftBlocks(sums, distance);
}

/** Gives each block what the one `by` blocks before it has; nothing where there is none. */
function shiftBlocks(sums: WeightedSums, by: number): WeightedSums {
  const blocks = sums.sums.shape[1] as number;
  const kept = blocks - Math.abs(by);
  return placeBlocks(sliceSums(sums, 1, Math.max(0, -by), kept), Math.max(0, by), blocks);
}

/** The sums of some blocks as those of `blocks` blocks, from number `begin` on; nothing in the others. */
export function placeBlocks(sums: WeightedSums, begin: number, blocks: number): WeightedSums {
  const [, count, rows] = sums.sums.shape as number[];
  const nothing = (number: number) => (number > 0 ? [emptySums(sums.sums.shape, number, rows)] : []);
  const parts = [...nothing(begin), sums, ...nothing(blocks - begin - count)];
  return parts.length === 1 ? sums : concatSums(parts, 1);
}

/** Keys and values of some blocks. */
export function sliceBlocks({keys, values}: KeysAndValues, begin: number, count: number): KeysAndValues {
  const {maximum, sums} = sliceSums({maximum: keys, sums: values}, 1, begin, count);
  return {keys: maximum, values: sums};
}

/** Blocks, and the rows in each, in the opposite order. */
export function reverseTime(x: tf.Tensor): tf.Tensor {
  return tf.reverse(x, [1, 2]);
}
