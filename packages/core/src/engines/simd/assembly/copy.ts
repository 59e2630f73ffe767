/**
 * Copies of tensors between any two orders of their axes. Two axes make a sheet of rows and columns, the others number
 * the sheets. All steps are in bytes, negative where an axis is reversed and 0 where a value is repeated.
 */
import {copyBytes, fillBytes} from './bytes';
import {transpose4} from './simd';

@unmanaged class CopyTask {
  from: u32;
  to: u32;
  /** Bytes of a value: 4 or 1. */
  bytes: u32;
  sheets: u32;
  rows: u32;
  columns: u32;
  rowFrom: i32;
  rowTo: i32;
  columnFrom: i32;
  columnTo: i32;
  /** What a piece is: so many whole sheets, or so many rows and columns of one. */
  pieceSheets: u32;
  pieceRows: u32;
  pieceColumns: u32;
  /** Axes whose indices number the sheets, the fastest first. */
  rank: u32;
}

/** Follows the task, `rank` times. */
@unmanaged class SheetAxis {
  size: u32;
  from: i32;
  to: i32;
}

/** Piece: some sheets, or a part of one. */
function copyPiece(args: usize, piece: i32): void {
  const task = changetype<CopyTask>(args);
  const pieceRows = <usize>task.pieceRows, pieceColumns = <usize>task.pieceColumns, pieceSheets = <usize>task.pieceSheets;
  const across = (<usize>task.columns + pieceColumns - 1) / pieceColumns;
  const parts = across * ((<usize>task.rows + pieceRows - 1) / pieceRows);
  const part = <usize>piece % parts;
  const row = (part / across) * pieceRows, column = (part % across) * pieceColumns;
  const rows = min(pieceRows, <usize>task.rows - row), columns = min(pieceColumns, <usize>task.columns - column);
  const offsetFrom = <usize>task.from + row * task.rowFrom + column * task.columnFrom;
  const offsetTo = <usize>task.to + row * task.rowTo + column * task.columnTo;
  const axes = args + offsetof<CopyTask>();
  const end = axes + <usize>task.rank * offsetof<SheetAxis>();
  const first = (<usize>piece / parts) * pieceSheets;
  const last = min(<usize>task.sheets, first + pieceSheets);
  for (let sheet = first; sheet < last; sheet++) {
    let rest = sheet, from = offsetFrom, to = offsetTo;
    for (let at = axes; at < end; at += offsetof<SheetAxis>()) {
      const axis = changetype<SheetAxis>(at);
      const index = rest % <usize>axis.size;
      rest /= <usize>axis.size;
      from += index * axis.from;
      to += index * axis.to;
    }
    copySheet(task, from, to, rows, columns);
  }
}

function copySheet(task: CopyTask, from: usize, to: usize, rows: usize, columns: usize): void {
  const rowFrom = <usize>task.rowFrom, rowTo = <usize>task.rowTo;
  const columnFrom = <usize>task.columnFrom, columnTo = <usize>task.columnTo, bytes = <usize>task.bytes;
  if (columnTo == bytes && columnFrom == bytes)
    for (; rows > 0; rows--, from += rowFrom, to += rowTo) copyBytes(from, to, columns * bytes);
  else if (columnTo == bytes && columnFrom == 0)
    for (; rows > 0; rows--, from += rowFrom, to += rowTo)
      fillBytes(to, bytes == 4 ? v128.load32_splat(from) : v128.load8_splat(from), columns * bytes);
  else if (bytes == 4 && columnTo == 4 && rowFrom == 4) transposeSheet(from, to, rows, columns, columnFrom, rowTo);
  else if (bytes == 4) copySingly<u32>(from, to, rows, columns, rowFrom, rowTo, columnFrom, columnTo);
  else copySingly<u8>(from, to, rows, columns, rowFrom, rowTo, columnFrom, columnTo);
}

function copySingly<T>(
  from: usize, to: usize, rows: usize, columns: usize, rowFrom: usize, rowTo: usize, columnFrom: usize, columnTo: usize,
): void {
  for (; rows > 0; rows--, from += rowFrom, to += rowTo)
    for (let j: usize = 0, a = from, b = to; j < columns; j++, a += columnFrom, b += columnTo) store<T>(b, load<T>(a));
}

/** Columns of a strip: a line of the target's cache is written whole while it is there. */
@inline const STRIP: usize = 16;

/** Rows that lie side by side in the source, `columnFrom` bytes from value to value; columns that do in the target. */
function transposeSheet(from: usize, to: usize, rows: usize, columns: usize, columnFrom: usize, rowTo: usize): void {
  for (let j: usize = 0; j < columns; j += STRIP)
    transposeStrip(from + j * columnFrom, to + (j << 2), rows, min(STRIP, columns - j), columnFrom, rowTo);
}

function transposeStrip(from: usize, to: usize, rows: usize, columns: usize, columnFrom: usize, rowTo: usize): void {
  let i: usize = 0;
  for (; i + 4 <= rows; i += 4, from += 16, to += 4 * rowTo) {
    let j: usize = 0, a = from, b = to;
    for (; j + 4 <= columns; j += 4, a += 4 * columnFrom, b += 16) transpose4(a, columnFrom, b, rowTo);
    if (j < columns) copySingly<u32>(a, b, 4, columns - j, 4, rowTo, columnFrom, 4);
  }
  if (i < rows) copySingly<u32>(from, to, rows - i, columns, 4, rowTo, columnFrom, 4);
}

export function jobCopy(): u32 {
  return copyPiece.index;
}
