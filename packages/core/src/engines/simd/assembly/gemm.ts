/**
 * Matrix products C [M, N] = A [M, K] · B [K, N] in batches. Rows of A, B and C may lie further apart than they are long.
 *
 * B is packed into panels of 8 columns, [K][8] each, zeros where N ends. A panel is multiplied with 4 rows of A at a time:
 * 8 sums of 4 lanes stay in registers, with 2 of B and one value of A in all lanes (more would not fit V8's 16). K goes in
 * blocks, and a block of A is copied to where its rows lie close together: rows that lie a power of two apart would share the
 * few places of the first cache. A block's sums are added to those before, whatever the thread.
 */
import {scratch} from './runtime';
import {multiplyAdd, transpose4} from './simd';

/** Columns of a panel. */
@inline const NR: usize = 8;
/** Positions of K that are worked on together. */
@inline const KC: usize = 128;
/** Rows of a piece. */
@inline const MC: usize = 32;

/** What packing is told. Layout of the fields: 4 bytes each, in this order. */
@unmanaged class PackTask {
  /** [batch][K][N], or [batch][N][K] when transposed. */
  from: u32;
  to: u32;
  K: u32;
  N: u32;
  transposed: u32;
  /** Floats from one matrix of the batch to the next; 0 where all share one. */
  stride: u32;
  panels: u32;
  /** Floats from one row of `from` to the next. */
  row: u32;
}

/** Packs one panel. Piece: panel of a batch. */
function packPiece(args: usize, piece: i32): void {
  const task = changetype<PackTask>(args);
  const K = <usize>task.K, N = <usize>task.N, panels = <usize>task.panels;
  const batch = <usize>piece / panels, panel = <usize>piece % panels;
  const from = <usize>task.from + ((batch * <usize>task.stride) << 2);
  const to = <usize>task.to + (((batch * panels + panel) * K * NR) << 2);
  const first = panel * NR;
  const columns = min(NR, N - first);
  const row = <usize>task.row << 2;
  if (task.transposed) packTransposed(from + first * row, row, K, columns, to);
  else packRows(from + (first << 2), row, K, columns, to);
}

function packRows(from: usize, step: usize, K: usize, columns: usize, to: usize): void {
  if (columns == NR) {
    for (let k: usize = 0; k < K; k++, from += step, to += NR << 2) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
    }
    return;
  }
  for (let k: usize = 0; k < K; k++, from += step, to += NR << 2)
    for (let j: usize = 0; j < NR; j++) store<f32>(to + (j << 2), j < columns ? load<f32>(from + (j << 2)) : 0);
}

function packTransposed(from: usize, row: usize, K: usize, columns: usize, to: usize): void {
  let k: usize = 0;
  if (columns == NR)
    for (; k + 4 <= K; k += 4) {
      transpose4(from + (k << 2), row, to + ((k * NR) << 2), NR << 2);
      transpose4(from + (k << 2) + 4 * row, row, to + ((k * NR) << 2) + 16, NR << 2);
    }
  for (; k < K; k++)
    for (let j: usize = 0; j < NR; j++)
      store<f32>(to + ((k * NR + j) << 2), j < columns ? load<f32>(from + j * row + (k << 2)) : 0);
}

/** What multiplying is told. */
@unmanaged class GemmTask {
  A: u32;
  /** Packed. */
  B: u32;
  C: u32;
  M: u32;
  N: u32;
  K: u32;
  /** Floats from one matrix of the batch to the next; 0 where all share one. */
  strideA: u32;
  strideB: u32;
  strideC: u32;
  /** Floats from one row of A or C to the next. */
  rowA: u32;
  rowC: u32;
  /** Pieces of a matrix: M in blocks of MC. */
  blocks: u32;
  /** [N], added to each row; 0 for none. */
  bias: u32;
  /** A is [K, M]. */
  transposed: u32;
}

/** Multiplies MC rows of A with all of B. Piece: block of rows of a batch. */
function gemmPiece(args: usize, piece: i32): void {
  const task = changetype<GemmTask>(args);
  const M = <usize>task.M, N = <usize>task.N, K = <usize>task.K, blocks = <usize>task.blocks;
  const batch = <usize>piece / blocks;
  const firstRow = (<usize>piece % blocks) * MC;
  const lastRow = min(M, firstRow + MC);
  const A = <usize>task.A + ((batch * <usize>task.strideA) << 2);
  const B = <usize>task.B + ((batch * <usize>task.strideB) << 2);
  const rowA = <usize>task.rowA << 2, rowC = <usize>task.rowC << 2;
  const C = <usize>task.C + ((batch * <usize>task.strideC) << 2) + firstRow * rowC;
  const height = lastRow - firstRow;
  for (let k: usize = 0; k < K; k += KC) {
    const depth = min(KC, K - k);
    const row = depth << 2;
    if (task.transposed) packBlockTransposed(A + k * rowA + (firstRow << 2), rowA, height, depth);
    else for (let m: usize = 0; m < height; m++) memory.copy(scratch + m * row, A + (firstRow + m) * rowA + (k << 2), row);
    for (let column: usize = 0; column < N; column += NR) {
      const panel = B + ((column * K + k * NR) << 2);
      const columns = min(NR, N - column);
      let a = scratch;
      let c = C + (column << 2);
      for (let left = height; left > 0; a += row << 2, c += rowC << 2) {
        const rows = min(<usize>4, left);
        if (rows < 4 || columns < NR) tile(a, row, panel, depth, c, rowC, rows, columns, k > 0);
        else if (k == 0) fullTile(a, row, panel, depth, c, rowC, false);
        else fullTile(a, row, panel, depth, c, rowC, true);
        left -= rows;
      }
    }
  }
  if (K == 0) for (let m: usize = 0; m < height; m++) memory.fill(C + m * rowC, 0, N << 2);
  if (task.bias) for (let m: usize = 0; m < height; m++) addBias(C + m * rowC, <usize>task.bias, N);
}

/** Copies a block of a transposed A, its columns `stride` bytes apart, to rows of `depth`. */
function packBlockTransposed(from: usize, stride: usize, height: usize, depth: usize): void {
  const row = depth << 2;
  let m: usize = 0;
  for (; m + 4 <= height; m += 4) {
    let k: usize = 0;
    for (; k + 4 <= depth; k += 4) transpose4(from + (m << 2) + k * stride, stride, scratch + m * row + (k << 2), row);
    for (; k < depth; k++) for (let i = m; i < m + 4; i++) copyFloat(from + k * stride + (i << 2), scratch + i * row + (k << 2));
  }
  for (; m < height; m++)
    for (let k: usize = 0; k < depth; k++) copyFloat(from + k * stride + (m << 2), scratch + m * row + (k << 2));
}

@inline function copyFloat(from: usize, to: usize): void {
  store<f32>(to, load<f32>(from));
}

/** 4 rows of A, `row` bytes apart, times a panel over `depth` positions of K, stored to C or added to it. */
@inline export function fullTile(a0: usize, row: usize, b: usize, depth: usize, c: usize, rowC: usize, add: bool): void {
  let a1 = a0 + row;
  let a2 = a1 + row;
  let a3 = a2 + row;
  const end = b + ((depth * NR) << 2);
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  while (b < end) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let a = v128.load32_splat(a0);
    c00 = multiplyAdd(a, b0, c00);
    c01 = multiplyAdd(a, b1, c01);
    a = v128.load32_splat(a1);
    c10 = multiplyAdd(a, b0, c10);
    c11 = multiplyAdd(a, b1, c11);
    a = v128.load32_splat(a2);
    c20 = multiplyAdd(a, b0, c20);
    c21 = multiplyAdd(a, b1, c21);
    a = v128.load32_splat(a3);
    c30 = multiplyAdd(a, b0, c30);
    c31 = multiplyAdd(a, b1, c31);
    a0 += 4;
    a1 += 4;
    a2 += 4;
    a3 += 4;
    b += NR << 2;
  }
  storeRow(c, c00, c01, NR, add);
  storeRow(c + rowC, c10, c11, NR, add);
  storeRow(c + 2 * rowC, c20, c21, NR, add);
  storeRow(c + 3 * rowC, c30, c31, NR, add);
}

/** A tile that is smaller than 4 x 8, or is added to what C holds. */
export function tile(a0: usize, row: usize, b: usize, depth: usize, c: usize, rowC: usize, rows: usize, columns: usize, add: bool): void {
  // Rows that are not there are read as the last one, and not stored.
  let a1 = rows > 1 ? a0 + row : a0;
  let a2 = rows > 2 ? a1 + row : a1;
  let a3 = rows > 3 ? a2 + row : a2;
  const end = b + ((depth * NR) << 2);
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  while (b < end) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let a = v128.load32_splat(a0);
    c00 = multiplyAdd(a, b0, c00);
    c01 = multiplyAdd(a, b1, c01);
    a = v128.load32_splat(a1);
    c10 = multiplyAdd(a, b0, c10);
    c11 = multiplyAdd(a, b1, c11);
    a = v128.load32_splat(a2);
    c20 = multiplyAdd(a, b0, c20);
    c21 = multiplyAdd(a, b1, c21);
    a = v128.load32_splat(a3);
    c30 = multiplyAdd(a, b0, c30);
    c31 = multiplyAdd(a, b1, c31);
    a0 += 4;
    a1 += 4;
    a2 += 4;
    a3 += 4;
    b += NR << 2;
  }
  storeRow(c, c00, c01, columns, add);
  if (rows > 1) storeRow(c + rowC, c10, c11, columns, add);
  if (rows > 2) storeRow(c + 2 * rowC, c20, c21, columns, add);
  if (rows > 3) storeRow(c + 3 * rowC, c30, c31, columns, add);
}

@inline function storeRow(c: usize, left: v128, right: v128, columns: usize, add: bool): void {
  if (columns == NR) {
    if (add) {
      left = f32x4.add(left, v128.load(c));
      right = f32x4.add(right, v128.load(c, 16));
    }
    v128.store(c, left);
    v128.store(c, right, 16);
  } else storePart(c, left, right, columns, add);
}

function storePart(c: usize, left: v128, right: v128, columns: usize, add: bool): void {
  if (columns >= 4) {
    v128.store(c, add ? f32x4.add(left, v128.load(c)) : left);
    c += 16;
    columns -= 4;
    left = right;
  }
  for (let j: usize = 0; j < columns; j++, c += 4) {
    const value = f32x4.extract_lane(left, 0);
    store<f32>(c, add ? value + load<f32>(c) : value);
    left = v128.shuffle<f32>(left, left, 1, 2, 3, 0);
  }
}

function addBias(c: usize, bias: usize, N: usize): void {
  let left = N;
  for (; left >= 4; left -= 4, c += 16, bias += 16) v128.store(c, f32x4.add(v128.load(c), v128.load(bias)));
  for (; left > 0; left--, c += 4, bias += 4) store<f32>(c, load<f32>(c) + load<f32>(bias));
}

/** Job numbers, see `runtime.ts`. */
export function jobPack(): u32 {
  return packPiece.index;
}
export function jobGemm(): u32 {
  return gemmPiece.index;
}
