/**
 * Convolutions as matrix products whose left matrix is never whole in memory: [positions of the target, taps x channels of
 * the source], of which each piece gathers the block that it multiplies next. The right matrix is packed, see `gemm.ts`.
 */
import {copyBytes} from './bytes';
import {fullTile, tile} from './gemm';
import {scratch} from './runtime';
import {transpose4} from './simd';
import {sourceColumn, sourceRow, Window} from './window';

@inline const NR: usize = 8;
/** Depth of a block; see `gemm.ts`. */
@inline const KC: usize = 256;
/** Rows of a piece. */
@inline const MC: usize = 32;
/** Bytes from row to row of a gathered block. */
@inline const ROW: usize = KC << 2;

@unmanaged class ConvolveTask {
  /** [batch, height, width, channels] */
  source: u32;
  /** Packed: [taps x channels, columns], or [positions, columns] for the filter's gradient. */
  right: u32;
  /** [positions, columns], or [taps x channels, columns] for the filter's gradient. */
  to: u32;
  positions: u32;
  /** Taps x channels. */
  features: u32;
  columns: u32;
  channels: u32;
  /** Columns of a piece, a multiple of 8. */
  pieceColumns: u32;
  /** [columns], added to each row; 0 for none. */
  bias: u32;
}

@inline function windowOf(task: ConvolveTask): Window {
  return changetype<Window>(changetype<usize>(task) + offsetof<ConvolveTask>());
}

/**
 * Gathers features first .. first+count-1 of a position: the source's channels under each tap, zeros beside the source.
 * Taps of one row whose channels lie side by side in the source are taken together.
 */
function gatherFeatures(task: ConvolveTask, position: usize, first: usize, count: usize, to: usize): void {
  const window = windowOf(task);
  const channels = <usize>task.channels, taps = <usize>window.width;
  const line = position / <usize>window.targetWidth, height = <usize>window.targetHeight;
  const column = <i32>(position % <usize>window.targetWidth), row = <i32>(line % height);
  const image = <usize>task.source + (((line / height) * <usize>window.sourceHeight * <usize>window.sourceWidth * channels) << 2);
  const together: usize = window.stepColumn == 1 && window.divideColumn == 1 ? taps : 1;
  const run = together * channels, size = <usize>window.sourceWidth * channels;
  let group = first / run, within = first % run;
  for (const end = to + (count << 2); to < end; group++, within = 0) {
    const length = min(run - within, (end - to) >> 2);
    const tap = group * together;
    const y = sourceRow(window, row, <i32>(tap / taps));
    let x = column * window.multiplyColumn + window.offsetColumn;
    if (together == 1) x = sourceColumn(window, column, <i32>(tap % taps));
    if (y < 0 || (x < 0 && together == 1)) memory.fill(to, 0, length << 2);
    else copyClipped(image + ((<usize>y * size) << 2), x * <isize>channels + <isize>within, length, to, <isize>size);
    to += length << 2;
  }
}

/** Copies `length` floats of a row of `size` floats from `first` on, which may lie before or behind it: zeros there. */
function copyClipped(row: usize, first: isize, length: usize, to: usize, size: isize): void {
  const begin = max(<isize>0, min(-first, <isize>length));
  const end = max(begin, min(size - first, <isize>length));
  if (begin > 0) memory.fill(to, 0, <usize>begin << 2);
  copyBytes(row + ((first + begin) << 2), to + (begin << 2), <usize>(end - begin) << 2);
  if (end < <isize>length) memory.fill(to + (end << 2), 0, (length - <usize>end) << 2);
}

/** Multiplies a gathered block with the packed matrix: rows x depth times depth x columns. */
function multiplyBlock(rows: usize, depth: usize, right: usize, length: usize, c: usize, N: usize, columns: usize, add: bool): void {
  for (let column: usize = 0; column < columns; column += NR) {
    const panel = right + ((column * length) << 2);
    const width = min(NR, columns - column);
    let a = scratch, to = c + (column << 2);
    for (let left = rows; left > 0; a += 4 * ROW, to += N << 4) {
      const height = min(<usize>4, left);
      if (height == 4 && width == NR && !add) fullTile(a, ROW, panel, depth, to, N << 2, false);
      else tile(a, ROW, panel, depth, to, N << 2, height, width, add);
      left -= height;
    }
  }
}

/** Piece: a block of positions and of columns. */
function convolvePiece(args: usize, piece: i32): void {
  const task = changetype<ConvolveTask>(args);
  const N = <usize>task.columns, K = <usize>task.features;
  const parts = (N + <usize>task.pieceColumns - 1) / <usize>task.pieceColumns;
  const column = (<usize>piece % parts) * <usize>task.pieceColumns;
  const columns = min(<usize>task.pieceColumns, N - column);
  const first = (<usize>piece / parts) * MC;
  const rows = min(MC, <usize>task.positions - first);
  const c = <usize>task.to + ((first * N + column) << 2);
  for (let k: usize = 0; k < K; k += KC) {
    const depth = min(KC, K - k);
    for (let i: usize = 0; i < rows; i++) gatherFeatures(task, first + i, k, depth, scratch + i * ROW);
    multiplyBlock(rows, depth, <usize>task.right + ((column * K + k * NR) << 2), K, c, N, columns, k > 0);
  }
  if (task.bias) addBias(c, <usize>task.bias + (column << 2), rows, columns, N << 2);
}

function addBias(c: usize, bias: usize, rows: usize, columns: usize, step: usize): void {
  for (; rows > 0; rows--, c += step) {
    let j: usize = 0;
    for (; j + 4 <= columns; j += 4)
      v128.store(c + (j << 2), f32x4.add(v128.load(c + (j << 2)), v128.load(bias + (j << 2))));
    for (; j < columns; j++) store<f32>(c + (j << 2), load<f32>(c + (j << 2)) + load<f32>(bias + (j << 2)));
  }
}

/** Piece: a block of the filter's rows and of its columns; the sum over positions goes in blocks, in their order. */
function convolveFilterPiece(args: usize, piece: i32): void {
  const task = changetype<ConvolveTask>(args);
  const N = <usize>task.columns, positions = <usize>task.positions;
  const parts = (N + <usize>task.pieceColumns - 1) / <usize>task.pieceColumns;
  const column = (<usize>piece % parts) * <usize>task.pieceColumns;
  const columns = min(<usize>task.pieceColumns, N - column);
  const first = (<usize>piece / parts) * MC;
  const rows = min(MC, <usize>task.features - first);
  const c = <usize>task.to + ((first * N + column) << 2);
  for (let k: usize = 0; k < positions; k += KC) {
    const depth = min(KC, positions - k);
    gatherColumns(task, k, depth, first, rows);
    multiplyBlock(rows, depth, <usize>task.right + ((column * positions + k * NR) << 2), positions, c, N, columns, k > 0);
  }
}

/** Gathers features first .. first+rows-1 of positions from .. from+count-1, the features as rows. */
function gatherColumns(task: ConvolveTask, from: usize, count: usize, first: usize, rows: usize): void {
  const buffer = scratch + MC * ROW;
  for (let k: usize = 0; k < count; k += 4) {
    const group = min(<usize>4, count - k);
    for (let i: usize = 0; i < group; i++) gatherFeatures(task, from + k + i, first, rows, buffer + i * (MC << 2));
    // Where there are fewer positions or features, what is left from before is moved along and not used.
    for (let i: usize = 0; i < rows; i += 4)
      transpose4(buffer + (i << 2), MC << 2, scratch + i * ROW + (k << 2), ROW);
  }
}

export function jobConvolve(): u32 {
  return convolvePiece.index;
}
export function jobConvolveFilter(): u32 {
  return convolveFilterPiece.index;
}
