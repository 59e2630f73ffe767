/**
 * Tiles of 32 queries and 64 keys, worked on in quads: 4 queries each, with the columns that one of them sees. Operands
 * on the right are packed in panels of 8.
 */
import {addBiasAndMask, hideKeys} from './attention-scores';
import {AttentionShape, BK, endKey, firstKey} from './attention-shape';
import {fullTile, tile} from './gemm';

/** Queries of a tile. */
@inline export const BQ: i32 = 32;
/** Bytes from one query's scores to the next. */
@inline export const ROW: usize = <usize>BK << 2;

/** The columns of a tile that a quad's queries see; the first is a multiple of 8. */
export let firstColumn: i32 = 0;
export let endColumn: i32 = 0;
/** Whether some of the columns are hidden from some of the queries. */
let partly: bool = false;

/** Finds them for queries [query, query + rows) and the tile that begins at `key`; false when there are none. */
export function findColumns(task: AttentionShape, present: i32, query: i32, rows: i32, key: i32): bool {
  const sinks = <i32>task.sinks - key, last = query + rows - 1;
  const first = firstKey(task, present, query) - key;
  firstColumn = sinks > 0 ? 0 : max(0, first) & -8;
  endColumn = min(BK, endKey(task, present, last) - key);
  if (first >= BK) endColumn = min(endColumn, sinks);
  const whole = endKey(task, present, query) >= key + endColumn && firstKey(task, present, last) <= key + firstColumn;
  partly = !whole || (endColumn & 3) != 0;
  return firstColumn < endColumn;
}

/** A quad's scores in its columns, up to a multiple of 4: -infinity where a query does not see the key. */
export function scoresOfQuad(
  task: AttentionShape, present: i32, row: usize, query: i32, rows: i32, key: i32, q: usize, keyPanels: usize, s: usize,
): void {
  const size = <usize>task.size;
  productOfQuad(q, size, keyPanels + ((<usize>key * size) << 2), s, rows);
  for (let i = 0; i < rows; i++) {
    const scores = s + <usize>i * ROW;
    addBiasAndMask(task, scores, row, query + i, key, firstColumn, endColumn);
    if (partly)
      hideKeys(scores, firstColumn, (endColumn + 3) & -4, firstKey(task, present, query + i) - key, endKey(task, present, query + i) - key, <i32>task.sinks - key);
  }
}

/** A quad of rows of A [rows, depth] times the panels of a tile's columns, each of `depth` rows. */
export function productOfQuad(a: usize, depth: usize, panels: usize, s: usize, rows: i32): void {
  const step = depth << 2;
  for (let column = <usize>firstColumn; column < <usize>endColumn; column += 8) {
    const panel = panels + column * step;
    if (rows == 4) fullTile(a, step, panel, depth, s + (column << 2), ROW, false);
    else tile(a, step, panel, depth, s + (column << 2), ROW, rows, 8, false);
  }
}

/**
 * Adds A · B to C [rows, width]: up to 4 rows of A, `step` bytes apart, times the first `depth` rows of panels that are
 * `length` rows long.
 */
export function addProduct(a: usize, step: usize, depth: usize, panels: usize, length: usize, c: usize, width: usize, rows: usize): void {
  for (let column: usize = 0; column < width; column += 8) {
    const panel = panels + ((column * length) << 2), columns = min(8, width - column);
    if (rows == 4 && columns == 8) fullTile(a, step, panel, depth, c + (column << 2), width << 2, true);
    else tile(a, step, panel, depth, c + (column << 2), width << 2, rows, columns, true);
  }
}
