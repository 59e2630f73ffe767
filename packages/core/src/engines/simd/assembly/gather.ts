/** Rows of a table by number, and sums of rows by number. */
import {copyBytes} from './bytes';
import {Scatter} from './operations';

@unmanaged class GatherTask {
  /** [batch][outer][length] rows. */
  from: u32;
  /** [batch][count], each from 0 to length - 1. */
  indices: u32;
  /** [batch][outer][count] rows. */
  to: u32;
  rows: u32;
  outer: u32;
  length: u32;
  count: u32;
  rowBytes: u32;
  pieceRows: u32;
}

/** Piece: some rows of the result. */
function gatherPiece(args: usize, piece: i32): void {
  const task = changetype<GatherTask>(args);
  const count = <usize>task.count, rowBytes = <usize>task.rowBytes;
  const first = <usize>piece * <usize>task.pieceRows;
  const last = min(<usize>task.rows, first + <usize>task.pieceRows);
  let block = first / count, i = first % count;
  let to = <usize>task.to + first * rowBytes;
  for (let row = first; row < last; block++, i = 0) {
    const from = <usize>task.from + block * <usize>task.length * rowBytes;
    const indices = <usize>task.indices + (((block / <usize>task.outer) * count) << 2);
    const rows = min(count - i, last - row);
    gatherRows(from, indices + (i << 2), to, rows, rowBytes);
    row += rows;
    to += rows * rowBytes;
  }
}

function gatherRows(from: usize, indices: usize, to: usize, rows: usize, rowBytes: usize): void {
  const end = indices + (rows << 2);
  if (rowBytes == 4)
    for (; indices < end; indices += 4, to += 4) store<u32>(to, load<u32>(from + (<usize>load<u32>(indices) << 2)));
  else
    for (; indices < end; indices += 4, to += rowBytes) copyBytes(from + <usize>load<u32>(indices) * rowBytes, to, rowBytes);
}

@unmanaged class ScatterTask {
  mode: Scatter;
  /** [count] rows. */
  from: u32;
  /** [count]; negative ones and those from `rows` on are left out. */
  indices: u32;
  /** [rows] rows. */
  to: u32;
  rows: u32;
  count: u32;
  /** Values of a row, each of 4 bytes. */
  width: u32;
  pieceWidth: u32;
}

/** Piece: some columns of all updates, in their order, so that sums do not depend on the threads. */
function scatterPiece(args: usize, piece: i32): void {
  const task = changetype<ScatterTask>(args);
  switch (task.mode) {
    case Scatter.AddFloats: return scatterWith(Scatter.AddFloats, task, <usize>piece);
    case Scatter.AddInts: return scatterWith(Scatter.AddInts, task, <usize>piece);
    default: return scatterWith(Scatter.Replace, task, <usize>piece);
  }
}

@inline function merged(mode: Scatter, old: v128, update: v128): v128 {
  return mode == Scatter.AddFloats ? f32x4.add(old, update) : mode == Scatter.AddInts ? i32x4.add(old, update) : update;
}

/** Inlined once per mode. */
@inline function scatterWith(mode: Scatter, task: ScatterTask, piece: usize): void {
  const column = piece * <usize>task.pieceWidth;
  const width = min(<usize>task.pieceWidth, <usize>task.width - column);
  const step = <usize>task.width << 2;
  let from = <usize>task.from + (column << 2);
  for (let i: usize = 0; i < <usize>task.count; i++, from += step) {
    const index = <usize>load<u32>(<usize>task.indices + (i << 2));
    if (index >= <usize>task.rows) continue;
    const to = <usize>task.to + index * step + (column << 2);
    let j: usize = 0;
    for (; j + 4 <= width; j += 4)
      v128.store(to + (j << 2), merged(mode, v128.load(to + (j << 2)), v128.load(from + (j << 2))));
    for (; j < width; j++) {
      const at = to + (j << 2);
      v128.store32_lane(at, merged(mode, v128.load32_zero(at), v128.load32_zero(from + (j << 2))), 0);
    }
  }
}

export function jobGather(): u32 {
  return gatherPiece.index;
}
export function jobScatter(): u32 {
  return scatterPiece.index;
}
