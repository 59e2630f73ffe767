/**
 * What recurrences with a matrix for their state share: a state [keys, values] is worked on in blocks of 16 columns, which
 * nothing but the sums over values connects. A block lies in memory row after row, 64 bytes each, zeros beyond the last
 * column.
 */
import {loadLanes, storeLanes} from './lanes';

/** Columns of a block. */
@inline export const BLOCK: usize = 16;
/** Bytes of a row of a block. */
@inline export const ROW: usize = BLOCK << 2;

/** Copies `count` (1 to 16) floats into a row of a block, zeros behind them. */
export function toRow(from: usize, count: usize, to: usize): void {
  for (let i: usize = 0; i < BLOCK; i += 4)
    v128.store(to + (i << 2), i < count ? loadLanes(from + (i << 2), count - i) : f32x4.splat(0));
}

/** Copies the first `count` (1 to 16) floats of a row of a block. */
export function fromRow(row: usize, count: usize, to: usize): void {
  for (let i: usize = 0; i < count; i += 4) storeLanes(to + (i << 2), v128.load(row + (i << 2)), count - i);
}

/** Copies columns of a matrix of `rows` rows, `stride` bytes apart, into a block; zeros where there is no matrix. */
export function toBlock(from: usize, stride: usize, rows: usize, count: usize, block: usize): void {
  if (!from) memory.fill(block, 0, rows * ROW);
  else for (let i: usize = 0; i < rows; i++) toRow(from + i * stride, count, block + i * ROW);
}

/** Copies a block into columns of a matrix. */
export function fromBlock(block: usize, stride: usize, rows: usize, count: usize, to: usize): void {
  for (let i: usize = 0; i < rows; i++) fromRow(block + i * ROW, count, to + i * stride);
}

/** Adds to the float at an address. */
@inline export function addTo(at: usize, x: f32): void {
  store<f32>(at, load<f32>(at) + x);
}
