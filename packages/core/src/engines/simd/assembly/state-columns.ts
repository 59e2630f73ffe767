/**
 * What recurrences with a matrix for their state share: a state [keys, values] is worked on in blocks of 16 columns, which
 * nothing but the sums over values connects. A block lies in memory row after row, 64 bytes each, zeros beyond the last
 * column.
 */
import {loadLanes, storeLanes} from './lanes';
import {multiplyAdd} from './simd';

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

/** a · b of two rows of a block, as 4 sums. */
@inline export function product(a: usize, b: usize): v128 {
  const low = multiplyAdd(v128.load(a, 16), v128.load(b, 16), f32x4.mul(v128.load(a), v128.load(b)));
  return multiplyAdd(v128.load(a, 48), v128.load(b, 48), multiplyAdd(v128.load(a, 32), v128.load(b, 32), low));
}

/** The sums of the lanes of 4 vectors that lie one after the other, as one vector. */
@inline export function fourSums(at: usize): v128 {
  const a = v128.load(at), b = v128.load(at, 16), c = v128.load(at, 32), d = v128.load(at, 48);
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

/** Adds the first `count` (1 to 4) lanes to the floats at an address. */
@inline export function addTo(at: usize, x: v128, count: usize): void {
  storeLanes(at, f32x4.add(loadLanes(at, count), x), count);
}
