/**
 * The sums of each row over the keys that it sees. Rows lie in blocks: a row sees the keys of its own block and of near ones
 * with a bias, and those of all others, whose biases are 0, by one sum for each block. In AFT-full all positions are one
 * block; in AFT-local and AFT-conv of a sequence blocks are about as long as the window; in AFT-conv of an image a block is
 * some rows of it.
 */
import * as tf from '@tensorflow/tfjs';
import {lowestKey, type Weighted} from './weighted';
import {
  addWeighted,
  concatWeighted,
  emptySums,
  onBoth,
  sliceAxis,
  sliceWeighted,
  squareBiasGradient,
  squareSums,
  totalSums,
} from './weighted-sums';

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

/** How positions are cut into blocks, the last of which may be longer than there are positions. */
export interface Blocks extends BlockPlan {
  /** How many blocks. */
  count: number;
  /** Rows of a block. */
  size: number;
}

/** Blocks are not shorter than this unless the sequence is: a product of matrices is worth its call. */
const SMALLEST_BLOCK = 32;

/**
 * Blocks of a sequence for biases that reach `reach` positions back and, unless rows are causal, as far ahead: a row reaches
 * the block before its own, never further.
 */
export function blocksFor(time: number, reach: number, rows: Omit<BlockPlan, 'offsets'>): Blocks {
  const most = Math.max(1, Math.ceil(time / Math.max(reach, SMALLEST_BLOCK)));
  const size = most === 1 ? time : Math.max(reach, Math.ceil(time / most));
  const count = Math.ceil(time / size);
  const neighbours = count === 1 || reach === 0 ? [0] : rows.causal ? [-1, 0] : [-1, 0, 1];
  return {...rows, count, size, offsets: neighbours};
}

/** Rows [heads, time, ...] in blocks, the last one filled up with keys that have no weight. */
export function cutRows({exponent, values}: Weighted, {count, size}: Blocks): Weighted {
  const missing = count * size - (exponent.shape[1] as number);
  const cut = (x: tf.Tensor, filling: number) => {
    const rest = x.shape.slice(2).map((): [number, number] => [0, 0]);
    const filled = missing === 0 ? x : x.pad([[0, 0], [0, missing], ...rest], filling);
    return filled.reshape([x.shape[0], count, size, ...x.shape.slice(2)]);
  };
  return {exponent: cut(exponent, lowestKey), values: cut(values, 0)};
}

/** The first `time` rows of what was computed for blocks [heads, blocks, rows, ...], as [heads, time, ...]. */
export function joinRows(x: tf.Tensor, time: number): tf.Tensor {
  const [heads, blocks, size, ...rest] = x.shape as number[];
  return sliceAxis(x.reshape([heads, blocks * size, ...rest]), 1, 0, time);
}

/**
 * The sums of all rows over all keys that they see.
 * @param biases One tensor for each offset of the plan, [heads, pairs of blocks or 1, rows, keys].
 * @param wide Whether keys and biases reach too far for products of matrices, see `isWide`.
 */
export function visibleSums(terms: Weighted, plan: BlockPlan, biases: readonly tf.Tensor[], wide: boolean): Weighted {
  const blocks = terms.values.shape[1] as number;
  const {causal, offsets, isByDistance} = plan;
  const near = offsets.map((offset, i) => {
    if (offset === 0 && causal) return triangleSums(terms, biases[i], isByDistance, wide);
    const {rows, keys, count} = pairsAt(offset, blocks);
    return placeBlocks(squareSums(sliceWeighted(terms, 1, keys, count), biases[i], wide), rows, blocks);
  });
  const distances = [1 - Math.min(...offsets), ...(causal ? [] : [-1 - Math.max(...offsets)])];
  const far = distances.filter((by) => Math.abs(by) < blocks).map((by) => farSums(terms, by));
  return [...near, ...far].reduce(addWeighted);
}

/**
 * The gradients of the biases, in their shapes.
 * @param gradients Of the rows' sums.
 */
export function biasGradients(
  gradients: Weighted,
  terms: Weighted,
  {causal, offsets, isByDistance}: BlockPlan,
  biases: readonly tf.Tensor[],
  wide: boolean,
): tf.Tensor[] {
  const blocks = terms.values.shape[1] as number;
  return offsets.map((offset, i) => {
    if (offset === 0 && causal) return triangleBiasGradient(gradients, terms, biases[i], isByDistance, wide);
    const {rows, keys, count} = pairsAt(offset, blocks);
    return squareBiasGradient(
      sliceWeighted(gradients, 1, rows, count),
      sliceWeighted(terms, 1, keys, count),
      biases[i],
      wide,
    );
  });
}

/** Numbers of the blocks that have a neighbour at an offset, and of the first such neighbour. */
function pairsAt(offset: number, blocks: number): {rows: number; keys: number; count: number} {
  return {rows: Math.max(0, -offset), keys: Math.max(0, offset), count: blocks - Math.abs(offset)};
}

/**
 * The sums of rows over the keys up to their own, in each block alone, by squares. A triangle of 2h rows is two triangles of
 * h rows, one after the other, and the square in which the later rows see the earlier keys; of an odd number of rows the last
 * one sees all keys. So no maximum is ever taken over a key that some row does not see, whose weight could make all others
 * vanish; and all triangles of a size are computed at once.
 */
export function triangleSums(terms: Weighted, bias: tf.Tensor, isByDistance: boolean, wide: boolean): Weighted {
  const [, blocks, size] = terms.values.shape as number[];
  if (size === 1) return squareSums(terms, bias, wide);
  if (size % 2 === 1) {
    const before = triangleSums(sliceWeighted(terms, 2, 0, size - 1), corner(bias, size - 1), isByDistance, wide);
    return concatWeighted([before, squareSums(terms, sliceAxis(bias, 2, size - 1, 1), wide)], 2);
  }
  const half = size / 2;
  const halves = triangleSums(inBlocks(terms, 2 * blocks, half), halvesOf(bias, isByDistance), isByDistance, wide);
  const joined = inBlocks(halves, blocks, size);
  const square = squareSums(sliceWeighted(terms, 2, 0, half), squareOf(bias), wide);
  return concatWeighted(
    [sliceWeighted(joined, 2, 0, half), addWeighted(sliceWeighted(joined, 2, half, half), square)],
    2,
  );
}

/** The gradient of a triangle's biases, in their shape. */
function triangleBiasGradient(
  gradients: Weighted,
  terms: Weighted,
  bias: tf.Tensor,
  isByDistance: boolean,
  wide: boolean,
): tf.Tensor {
  const [, blocks, size] = terms.values.shape as number[];
  const [rowsOf, keysOf] = [gradients, terms].map(
    (x) => (begin: number, rows: number) => sliceWeighted(x, 2, begin, rows),
  );
  if (size === 1) return squareBiasGradient(gradients, terms, bias, wide);
  if (size % 2 === 1) {
    const before = triangleBiasGradient(
      rowsOf(0, size - 1),
      keysOf(0, size - 1),
      corner(bias, size - 1),
      isByDistance,
      wide,
    );
    const last = squareBiasGradient(rowsOf(size - 1, 1), terms, sliceAxis(bias, 2, size - 1, 1), wide);
    return tf.concat([padColumns(before, 1), last], 2);
  }
  const half = size / 2;
  const [rowHalves, keyHalves] = [gradients, terms].map((x) => inBlocks(x, 2 * blocks, half));
  const halves = triangleBiasGradient(rowHalves, keyHalves, halvesOf(bias, isByDistance), isByDistance, wide);
  const square = squareBiasGradient(rowsOf(half, half), keysOf(0, half), squareOf(bias), wide);
  // By distance, both halves have read the biases of the first.
  if (isByDistance) return tf.concat([padColumns(halves, half), padColumns(square, half)], 2);
  const [first, second] = tf.split(halves.reshape([bias.shape[0], blocks, 2 * half, half]), 2, 2);
  return tf.concat([padColumns(first, half), tf.concat([square, second], 3)], 2);
}

/** The biases of both halves of a triangle, as blocks of their own; by distance those of the first stand for both. */
function halvesOf(bias: tf.Tensor, isByDistance: boolean): tf.Tensor {
  const [heads, blocks, size] = bias.shape as number[];
  const half = size / 2;
  const first = corner(bias, half);
  if (isByDistance) return first;
  const second = bias.slice([0, 0, half, half], [heads, blocks, half, half]);
  return tf.stack([first, second], 2).reshape([heads, 2 * blocks, half, half]);
}

/** The biases of the later half of the rows for the earlier half of the keys. */
function squareOf(bias: tf.Tensor): tf.Tensor {
  const [heads, blocks, size] = bias.shape as number[];
  return bias.slice([0, 0, size / 2, 0], [heads, blocks, size / 2, size / 2]);
}

/** The biases of the first rows for the first keys. */
function corner(bias: tf.Tensor, size: number): tf.Tensor {
  return bias.slice([0, 0, 0, 0], [bias.shape[0], bias.shape[1] as number, size, size]);
}

/** Zeros for further keys. */
function padColumns(bias: tf.Tensor, count: number): tf.Tensor {
  return bias.pad([
    [0, 0],
    [0, 0],
    [0, 0],
    [0, count],
  ]);
}

/** The same rows in other blocks. */
function inBlocks(x: Weighted, blocks: number, rows: number): Weighted {
  return onBoth(x, (tensor) => {
    const [heads, , , ...rest] = tensor.shape;
    return tensor.reshape([heads, blocks, rows, ...rest]);
  });
}

/**
 * For each block the sums without biases over all blocks that lie at least `distance` before it, or after it where
 * `distance` is negative; one row for all of a block's rows, [heads, blocks, 1, ...].
 *
 * Sums of twice as many blocks with each turn of the loop, so that there are about log2(blocks) turns.
 */
function farSums(terms: Weighted, distance: number): Weighted {
  const blocks = terms.values.shape[1] as number;
  const direction = Math.sign(distance);
  let sums = totalSums(terms);
  for (let reach = 1; reach < blocks; reach *= 2) sums = addWeighted(sums, shiftBlocks(sums, direction * reach));
  return shiftBlocks(sums, distance);
}

/** Gives each block what the one `by` blocks before it has; nothing where there is none. */
function shiftBlocks(sums: Weighted, by: number): Weighted {
  const blocks = sums.values.shape[1] as number;
  const kept = blocks - Math.abs(by);
  return placeBlocks(sliceWeighted(sums, 1, Math.max(0, -by), kept), Math.max(0, by), blocks);
}

/** The sums of some blocks as those of `blocks` blocks, from number `begin` on; nothing in the others. */
function placeBlocks(sums: Weighted, begin: number, blocks: number): Weighted {
  const [, count, rows] = sums.values.shape as number[];
  const nothing = (number: number) => (number > 0 ? [emptySums(sums.values.shape as number[], number, rows)] : []);
  const parts = [...nothing(begin), sums, ...nothing(blocks - begin - count)];
  return parts.length === 1 ? sums : concatWeighted(parts, 1);
}
