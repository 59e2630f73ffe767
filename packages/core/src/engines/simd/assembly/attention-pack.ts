/** Packs the matrices of attention into panels of 8, as `gemm.ts` describes them, all of a call in one job. */
import {presentKeys, AttentionShape} from './attention-shape';
import {scaleRow} from './row-parts';
import {transpose4} from './simd';

/** Matrices [heads, rows, columns]. */
@unmanaged class Matrices {
  from: u32;
  to: u32;
  rows: u32;
  columns: u32;
  /** 1: panels of 8 rows, [columns][8]; 0: panels of 8 columns, [rows][8]. */
  across: u32;
  /** Floats of a packed matrix. */
  floats: u32;
  /** 1 for keys and values, whose rows may be room alone. */
  perKey: u32;
  /** What values are multiplied with. */
  factor: f32;
  pieces: u32;
}

/** Rows of a piece. */
@inline const ROWS: usize = 256;
/** Bytes of 8 floats. */
@inline const EIGHT: usize = 32;

/** Piece: some rows of a matrix. The task is followed by lists of matrices. */
function attentionPackPiece(args: usize, piece: i32): void {
  const task = changetype<AttentionShape>(args);
  let matrices = changetype<Matrices>(args + offsetof<AttentionShape>());
  let left = <u32>piece;
  while (left >= matrices.pieces) {
    left -= matrices.pieces;
    matrices = changetype<Matrices>(changetype<usize>(matrices) + offsetof<Matrices>());
  }
  const rows = <usize>matrices.rows, columns = <usize>matrices.columns;
  const parts = (rows + ROWS - 1) / ROWS;
  const head = <usize>left / parts, first = (<usize>left % parts) * ROWS;
  const used = matrices.perKey ? <usize>presentKeys(task) : rows;
  const end = min(first + ROWS, used);
  const from = <usize>matrices.from + ((head * rows * columns) << 2);
  const to = <usize>matrices.to + ((head * <usize>matrices.floats) << 2);
  if (matrices.across) packAcross(from, columns, first, end, matrices.factor, to);
  else packDown(from, rows, columns, first, end, matrices.factor, to);
}

/** Rows [first, end), `first` a multiple of 8. */
function packAcross(from: usize, columns: usize, first: usize, end: usize, factor: f32, to: usize): void {
  const row = columns << 2;
  for (; first < end; first += 8) {
    const source = from + first * row, panel = to + first * row, count = min(8, end - first);
    let k: usize = 0;
    if (count == 8)
      for (; k + 4 <= columns; k += 4) {
        transpose4(source + (k << 2), row, panel + k * EIGHT, EIGHT);
        transpose4(source + (k << 2) + 4 * row, row, panel + k * EIGHT + 16, EIGHT);
      }
    for (; k < columns; k++)
      for (let j: usize = 0; j < 8; j++) store<f32>(panel + k * EIGHT + (j << 2), j < count ? load<f32>(source + j * row + (k << 2)) : 0);
    if (factor != 1) scaleRow(panel, columns << 3, factor);
  }
}

function packDown(from: usize, rows: usize, columns: usize, first: usize, end: usize, factor: f32, to: usize): void {
  const by = f32x4.splat(factor), row = columns << 2;
  for (let column: usize = 0; column < columns; column += 8) {
    const count = min(8, columns - column);
    let source = from + first * row + (column << 2), panel = to + (column * rows << 2) + first * EIGHT;
    for (let i = first; i < end; i++, source += row, panel += EIGHT) {
      if (count == 8) {
        v128.store(panel, f32x4.mul(v128.load(source), by));
        v128.store(panel, f32x4.mul(v128.load(source, 16), by), 16);
      } else for (let j: usize = 0; j < 8; j++) store<f32>(panel + (j << 2), j < count ? load<f32>(source + (j << 2)) * factor : 0);
    }
  }
}

export function jobAttentionPack(): u32 {
  return attentionPackPiece.index;
}
