/** What attention and its gradient share: tiles of 32 queries and 64 keys, and their scores. */
import {fullTile, tile} from './gemm';

/** Queries of a tile. */
@inline export const BQ: usize = 32;
/** Keys of a tile. */
@inline export const BK: usize = 64;
/** Bytes from one query's scores to the next. */
@inline export const ROW: usize = BK << 2;
/** Bytes of a tile of scores. */
@inline export const TILE: usize = BQ * ROW;

@inline const NR: usize = 8;

/** Floats from one index to the next along batch, head, query and key; 0 where a dimension is broadcast. */
@unmanaged export class Additive {
  /** 0 where there is none. */
  address: u32;
  batch: u32;
  head: u32;
  query: u32;
  key: u32;
}

/** What both directions know of the shapes. Packed matrices are in panels of 8, see `gemm.ts`. */
@unmanaged export class AttentionShape {
  numHeads: u32;
  /** Query heads that share a key head. */
  group: u32;
  queries: u32;
  keys: u32;
  size: u32;
  valueSize: u32;
  scale: f32;
  causal: u32;
}

/** Adds A · B to C, or stores it there: `rows` of A, `row` bytes apart, panels of `depth` rows out of `length`. */
export function multiplyTile(
  a: usize, row: usize, panels: usize, length: usize, depth: usize, columns: usize, c: usize, rowC: usize, rows: usize, add: bool,
): void {
  for (let column: usize = 0; column < columns; column += NR) {
    const panel = panels + ((column * length) << 2);
    const width = min(NR, columns - column);
    let from = a;
    let to = c + (column << 2);
    for (let left = rows; left > 0; from += row << 2, to += rowC << 2) {
      const height = min(<usize>4, left);
      if (height == 4 && width == NR && !add) fullTile(from, row, panel, depth, to, rowC);
      else tile(from, row, panel, depth, to, rowC, height, width, add);
      left -= height;
    }
  }
}

/**
 * Turns products q · k of a tile into scores: scale q k + bias + mask, and -infinity beyond the diagonal.
 * `first` is the last key that query 0 of the tile may see, as a distance from key 0 of the tile (may be negative).
 */
export function finishScores(
  s: usize, rows: usize, columns: usize, scale: f32, bias: Additive, biasAt: usize, mask: Additive, maskAt: usize, causal: bool, first: i32,
): void {
  const factor = f32x4.splat(scale);
  for (let i: usize = 0; i < rows; i++) {
    const row = s + i * ROW;
    for (let j: usize = 0; j < columns; j += 4) v128.store(row + (j << 2), f32x4.mul(v128.load(row + (j << 2)), factor));
    if (bias.address) addRow(row, columns, biasAt + ((i * <usize>bias.query) << 2), <usize>bias.key);
    if (mask.address) addRow(row, columns, maskAt + ((i * <usize>mask.query) << 2), <usize>mask.key);
    if (causal)
      for (let j = <i32>max(0, first + <i32>i + 1); j < <i32>columns; j++) store<f32>(row + (<usize>j << 2), -Infinity);
  }
}

function addRow(row: usize, columns: usize, values: usize, step: usize): void {
  for (let j: usize = 0; j < columns; j++) {
    const at = row + (j << 2);
    store<f32>(at, load<f32>(at) + load<f32>(values + ((j * step) << 2)));
  }
}

/** Where the additive tensor's values for a batch, head, query and key begin. */
@inline export function additiveAt(x: Additive, batch: usize, head: usize, query: usize, key: usize): usize {
  return <usize>x.address + ((batch * <usize>x.batch + head * <usize>x.head + query * <usize>x.query + key * <usize>x.key) << 2);
}
