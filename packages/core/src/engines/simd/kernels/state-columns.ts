import {ShapeError} from '../../../errors';

/** Columns of a block of a state; see `assembly/state-columns.ts`. */
const BLOCK = 16;

/** Floats of a thread's scratch memory that states may fill. */
const ROOM = 48 * 1024;

/** The most positions of a chunk: further ones would save little memory. */
const LONGEST = 32;

/** Blocks of columns of a state with so many. */
export const columnBlocks = (valueSize: number): number => Math.ceil(valueSize / BLOCK);

/**
 * How many positions a gradient computes the states of at once, and the floats that the states before each chunk take.
 * @throws ShapeError for keys so long that not even two states fit.
 */
export function chunkOf(time: number, keySize: number): {chunk: number; startFloats: number} {
  const stateFloats = BLOCK * Math.max(1, keySize);
  const chunk = Math.min(LONGEST, Math.floor(ROOM / stateFloats) - 1);
  if (chunk < 1)
    throw new ShapeError(
      `simd: keys of ${keySize} features are too long for a recurrence; at most ${ROOM / BLOCK / 2}`,
    );
  return {chunk, startFloats: Math.ceil(time / chunk) * stateFloats};
}
