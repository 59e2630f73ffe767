/**
 * Rows in blocks: a row sees the keys of its own block and of near ones with a bias, and those of all others, whose biases
 * are 0, by one sum for each block. In AFT-full all positions are one block; in AFT-local and AFT-conv of a sequence blocks
 * are about as long as the window; in AFT-conv of an image a block is some rows of it.
 */
import * as tf from '@tensorflow/tfjs';
import {farSums, placeBlocks, reverseTime, sliceBlocks} from './far';
import {type KeysAndValues, type RowGradients, squareBiasGradient, squareSums} from './square';
import {mergeSums, sliceAxis, type WeightedSums} from './sums';
import {triangleBiasGradient, triangleSums} from './triangle';

/** Which keys rows see, and which of them with a bias. */
export interface BlockPlan {
  /** A row sees no key after its own. */
  causal: boolean;
  /**
   * Where the keys of each tensor of biases lie, in blocks from the block of the rows: 0 the same, -1 the one before. All
   * between the first and the last are there, 0 among them; none after it where rows are causal.
   */
  offsets: readonly number[];
  /** Biases depend on the distance of row and key alone: each tensor is [heads, 1, rows, keys], for any block. */
  isByDistance: boolean;
}

/** Numbers of the blocks that have a neighbour at an offset, and of the first such neighbour. */
function pairsAt(offset: number, blocks: number): {rows: number; keys: number; count: number} {
  return {rows: Math.max(0, -offset), keys: Math.max(0, offset), count: blocks - Math.abs(offset)};
}

/**
 * The sums of all rows over all keys that they see.
 * @param biases One tensor for each offset of the plan, [heads, pairs of blocks or 1, rows, keys].
 */
export function blockSums(positions: KeysAndValues, plan: BlockPlan, biases: readonly tf.Tensor[]): WeightedSums {
  const blocks = positions.keys.shape[1] as number;
  const {causal, offsets, isByDistance} = plan;
  const near = offsets.map((offset, i) => {
    const bias = biases[i];
    if (offset === 0 && causal) return triangleSums(positions, {bias, isByDistance});
    const {rows, keys, count} = pairsAt(offset, blocks);
    return placeBlocks(squareSums(sliceBlocks(positions, keys, count), bias), rows, blocks);
  });
  const distances = [1 - Math.min(...offsets), ...(causal ? [] : [-1 - Math.max(...offsets)])];
  const far = distances.filter((by) => Math.abs(by) < blocks).map((by) => farSums(positions, by));
  return [...near, ...far].reduce(mergeSums);
}

/** The gradients of the biases, in their shapes. */
export function blockBiasGradients(
  {maximum, gradients}: RowGradients,
  positions: KeysAndValues,
  {causal, offsets, isByDistance}: BlockPlan,
  biases: readonly tf.Tensor[],
): tf.Tensor[] {
  const blocks = positions.keys.shape[1] as number;
  return offsets.map((offset, i) => {
    const bias = biases[i];
    if (offset === 0 && causal) return triangleBiasGradient({maximum, gradients}, positions, {bias, isByDistance});
    const {rows, keys, count} = pairsAt(offset, blocks);
    const own = {maximum: sliceAxis(maximum, 1, rows, count), gradients: sliceAxis(gradients, 1, rows, count)};
    return squareBiasGradient(own, sliceBlocks(positions, keys, count), bias);
  });
}

/** The biases seen from the keys, with time running backwards: then who looks back has looked forward. */
export function reverseBias(bias: tf.Tensor): tf.Tensor {
  return tf.reverse(bias.transpose([0, 1, 3, 2]), [1, 2, 3]);
}

/** Keys and values with time running backwards. */
export function reversePositions({keys, values}: KeysAndValues): KeysAndValues {
  return {keys: reverseTime(keys), values: reverseTime(values)};
}
