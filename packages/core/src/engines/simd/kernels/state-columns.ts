import {ShapeError} from '../../../errors';

/** Columns of a block of a state; see `assembly/state-columns.ts`. */
const BLOCK = 16;

/** Floats of a thread's scratch memory that states may fill. */
const ROOM = 48 * 1024;

/** The most positions of a chunk: further ones would save little memory. */
const LONGEST = 32;

/** Blocks of columns of a state with so many. */
export const columnBlocks = (valueSize: number): number => Math.ceil(valueSize / BLOCK);

/** The longest keys: two states of a block's columns must fit. */
const LONGEST_KEY = ROOM / BLOCK / 2;

/** @throws ShapeError for keys that are too long for a thread's memory. */
export function assertKeySize(keySize: number): void {
  if (keySize > LONGEST_KEY)
    throw new ShapeError(
      `simd: a recurrence's keys may have ${LONGEST_KEY} features at most, not ${keySize}; use more heads`,
    );
}

/** How many positions a gradient computes the states of at once, and the floats that the states before each chunk take. */
export function chunkOf(time: number, keySize: number): {chunk: number; startFloats: number} {
  const stateFloats = BLOCK * Math.max(1, keySize);
  const chunk = Math.min(LONGEST, Math.floor(ROOM / stateFloats) - 1);
  return {chunk, startFloats: Math.ceil(time / chunk) * stateFloats};
}
