import type {BlockPlan} from './block-sums';

/** Rows in blocks, of which a row has biases for the keys of its own and of neighbouring blocks alone. */
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
export function blocksFor(time: number, reach: number, causal: boolean, isByDistance: boolean): Blocks {
  const most = Math.max(1, Math.ceil(time / Math.max(reach, SMALLEST_BLOCK)));
  const size = most === 1 ? time : Math.max(reach, Math.ceil(time / most));
  const count = Math.ceil(time / size);
  const neighbours = count === 1 || reach === 0 ? [0] : causal ? [-1, 0] : [-1, 0, 1];
  return {count, size, causal, offsets: neighbours, isByDistance};
}
