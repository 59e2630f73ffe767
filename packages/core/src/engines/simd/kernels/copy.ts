import * as tf from '@tensorflow/tfjs';
import type {SimdBackend} from '../backend';

/** About as many values as a piece has. */
const PIECE = 16384;
/** Columns of a piece that transposes: a page of memory per row, so that lines of the target are written whole. */
const PIECE_COLUMNS = 128;

/** An axis of a copy: its length, and how many values the source and the target step along it. */
export interface CopyAxis {
  size: number;
  from: number;
  to: number;
}

/**
 * Copies values of `bytes` bytes along axes, the slowest of the target first. Addresses are those of the values with all
 * indices 0.
 */
export function copyStrided(
  backend: SimdBackend,
  from: number,
  to: number,
  axes: readonly CopyAxis[],
  bytes: 1 | 4,
): void {
  if (axes.some(({size}) => size === 0)) return;
  const {row, column, outer} = sheetOf(joinedAxes(axes), bytes);
  const sheets = outer.reduce((product, {size}) => product * size, 1);
  const [pieceSheets, pieceRows, pieceColumns] = pieceOf(row, column);
  const args = [from, to, bytes, sheets, row.size, column.size];
  for (const axis of [row, column]) args.push(axis.from * bytes, axis.to * bytes);
  args.push(pieceSheets, pieceRows, pieceColumns, outer.length);
  for (const axis of outer) args.push(axis.size, axis.from * bytes, axis.to * bytes);
  const parts = Math.ceil(row.size / pieceRows) * Math.ceil(column.size / pieceColumns);
  backend.threads.run('jobCopy', args, parts * Math.ceil(sheets / pieceSheets), sheets * row.size * column.size);
}

/** Copies `size` values of `bytes` bytes that lie one after the other. */
export function copyValues(backend: SimdBackend, from: number, to: number, size: number, bytes: 1 | 4): void {
  copyStrided(backend, from, to, [{size, from: 1, to: 1}], bytes);
}

/** The axes with the fastest first, and neighbours joined where both sides go through them in one. */
export function joinedAxes(axes: readonly CopyAxis[]): CopyAxis[] {
  const result: CopyAxis[] = [];
  for (let i = axes.length - 1; i >= 0; i--) {
    const {size, from, to} = axes[i];
    const inner = result[result.length - 1];
    if (size === 1) continue;
    if (inner && from === inner.from * inner.size && to === inner.to * inner.size) inner.size *= size;
    else result.push({size, from, to});
  }
  return result;
}

const single: CopyAxis = {size: 1, from: 0, to: 0};

/** The two axes that are worked on together: rows that can be copied whole, or a matrix whose axes are swapped. */
function sheetOf(axes: CopyAxis[], bytes: 1 | 4): {row: CopyAxis; column: CopyAxis; outer: CopyAxis[]} {
  const [column = {size: 1, from: 1, to: 1}, ...outer] = axes;
  const isWhole = column.to === 1 && (column.from === 1 || column.from === 0);
  const swapped = isWhole || bytes === 1 || column.to !== 1 ? -1 : outer.findIndex(({from}) => from === 1);
  const row = swapped >= 0 ? outer.splice(swapped, 1)[0] : (outer.shift() ?? single);
  const isNarrow = column.size < 4 && row.size > column.size;
  return isNarrow && !isWhole ? {row: column, column: row, outer} : {row, column, outer};
}

/** How many sheets, rows and columns make a piece. */
function pieceOf(row: CopyAxis, column: CopyAxis): [number, number, number] {
  const size = row.size * column.size;
  if (size <= PIECE) return [Math.floor(PIECE / size), row.size, column.size];
  const columns = Math.min(column.size, column.from === 1 || row.from !== 1 ? PIECE : PIECE_COLUMNS);
  return [1, Math.max(1, Math.min(row.size, Math.floor(PIECE / columns))), columns];
}

/** Values from one index to the next along each axis of a tensor in row-major order. */
export function stridesOf(shape: number[]): number[] {
  return shape.length === 0 ? [] : [...tf.util.computeStrides(shape), 1];
}
