/**
 * Products of few rows: C [M, N] = A [M, K] · B, with B [K, N] or, transposed, [N, K]. Each value of B serves M products
 * alone, so that reading B is what takes the time: it is read once, in the order in which it lies, and not packed.
 */
import {sumLanes} from './row-parts';
import {multiplyAdd} from './simd';

@unmanaged class FewRowsTask {
  A: u32;
  B: u32;
  C: u32;
  M: u32;
  N: u32;
  K: u32;
  /** Floats from one matrix of the batch to the next; 0 where all share one. */
  strideA: u32;
  strideB: u32;
  /** Into how many blocks the columns of a matrix are cut. */
  columnBlocks: u32;
  /** Into how many parts K is cut. Their sums are added in order by the thread that is done last. */
  parts: u32;
  /** Room for the parts' sums, [block of columns of a matrix][part][M][columns]. */
  sums: u32;
  /** How many parts are done, of each block of columns; all 0 before and after. */
  done: u32;
  /** [N], added to each row; 0 for none. */
  bias: u32;
}

/** Sums over a part of K for a block of columns. Piece: part of a block of a matrix. */
function rowsPiece(args: usize, piece: i32): void {
  const task = changetype<FewRowsTask>(args);
  const M = <usize>task.M, N = <usize>task.N, K = <usize>task.K, parts = <usize>task.parts;
  const block = <usize>piece / parts, part = <usize>piece % parts;
  const matrix = block / <usize>task.columnBlocks, place = block % <usize>task.columnBlocks;
  const width = blockOf(N, <usize>task.columnBlocks);
  const first = place * width;
  if (first >= N) return;
  const columns = min(width, N - first);
  const from = K * part / parts, to = K * (part + 1) / parts;
  const a = <usize>task.A + ((matrix * <usize>task.strideA + from) << 2);
  const b = <usize>task.B + ((matrix * <usize>task.strideB + from * N + first) << 2);
  const c = <usize>task.C + ((matrix * M * N + first) << 2);
  const bias = task.bias ? <usize>task.bias + (first << 2) : 0;
  if (parts == 1) {
    sumRows(a, K << 2, M, b, N << 2, to - from, c, N << 2, columns);
    if (bias) for (let m: usize = 0; m < M; m++) add(c + ((m * N) << 2), bias, columns);
    return;
  }
  const size = (M * width) << 2;
  const sums = <usize>task.sums + block * parts * size;
  sumRows(a, K << 2, M, b, N << 2, to - from, sums + part * size, width << 2, columns);
  const done = <usize>task.done + (block << 2);
  if (atomic.add<i32>(done, 1) < <i32>parts - 1) return;
  atomic.store<i32>(done, 0);
  for (let m: usize = 0; m < M; m++) {
    const row = c + ((m * N) << 2);
    memory.copy(row, sums + ((m * width) << 2), columns << 2);
    for (let i: usize = 1; i < parts; i++) add(row, sums + i * size + ((m * width) << 2), columns);
    if (bias) add(row, bias, columns);
  }
}

/** A multiple of 16, so that blocks begin where lines of the cache do. */
@inline function blockOf(N: usize, blocks: usize): usize {
  return (N / blocks + (N % blocks ? 1 : 0) + 15) & ~15;
}

/**
 * Rows of C = rows of A, `depth` long, times `depth` rows of B. One row of B at a time: memory is read ahead along one
 * stream of addresses, and two streams at once took half again as long.
 */
function sumRows(a: usize, rowA: usize, M: usize, b: usize, rowB: usize, depth: usize, c: usize, rowC: usize, columns: usize): void {
  for (let m: usize = 0; m < M; m++) memory.fill(c + m * rowC, 0, columns << 2);
  for (let k: usize = 0; k < depth; k++, b += rowB)
    for (let m: usize = 0; m < M; m++) addMultiple(c + m * rowC, load<f32>(a + m * rowA + (k << 2)), b, columns);
}

/** y = y + p u */
@inline function addMultiple(y: usize, p: f32, u: usize, count: usize): void {
  const ps = f32x4.splat(p);
  let left = count;
  for (; left >= 16; left -= 16, y += 64, u += 64) {
    v128.store(y, multiplyAdd(ps, v128.load(u), v128.load(y)));
    v128.store(y, multiplyAdd(ps, v128.load(u, 16), v128.load(y, 16)), 16);
    v128.store(y, multiplyAdd(ps, v128.load(u, 32), v128.load(y, 32)), 32);
    v128.store(y, multiplyAdd(ps, v128.load(u, 48), v128.load(y, 48)), 48);
  }
  for (; left >= 4; left -= 4, y += 16, u += 16) v128.store(y, multiplyAdd(ps, v128.load(u), v128.load(y)));
  // In one lane of a vector, so that it is rounded as the others are.
  for (; left > 0; left--, y += 4, u += 4)
    v128.store32_lane(y, multiplyAdd(ps, v128.load32_zero(u), v128.load32_zero(y)), 0);
}

function add(to: usize, from: usize, count: usize): void {
  let left = count;
  for (; left >= 4; left -= 4, to += 16, from += 16) v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
  for (; left > 0; left--, to += 4, from += 4) store<f32>(to, load<f32>(to) + load<f32>(from));
}

/** Rows of A times rows of a transposed B. Piece: block of columns of a matrix; `parts` is 1. */
function dotsPiece(args: usize, piece: i32): void {
  const task = changetype<FewRowsTask>(args);
  const M = <usize>task.M, N = <usize>task.N, K = <usize>task.K;
  const matrix = <usize>piece / <usize>task.columnBlocks, place = <usize>piece % <usize>task.columnBlocks;
  const width = blockOf(N, <usize>task.columnBlocks);
  const a = <usize>task.A + ((matrix * <usize>task.strideA) << 2);
  const b = <usize>task.B + ((matrix * <usize>task.strideB) << 2);
  const c = <usize>task.C + ((matrix * M * N) << 2);
  const last = min(N, (place + 1) * width);
  for (let n = place * width; n < last; n++) {
    const bias = task.bias ? load<f32>(<usize>task.bias + (n << 2)) : <f32>0;
    for (let m: usize = 0; m < M; m++)
      store<f32>(c + ((m * N + n) << 2), dot(a + ((m * K) << 2), b + ((n * K) << 2), K) + bias);
  }
}

@inline function dot(x: usize, y: usize, count: usize): f32 {
  let s = f32x4.splat(0), t = s, u = s, w = s;
  let left = count;
  for (; left >= 16; left -= 16, x += 64, y += 64) {
    s = multiplyAdd(v128.load(x), v128.load(y), s);
    t = multiplyAdd(v128.load(x, 16), v128.load(y, 16), t);
    u = multiplyAdd(v128.load(x, 32), v128.load(y, 32), u);
    w = multiplyAdd(v128.load(x, 48), v128.load(y, 48), w);
  }
  for (; left >= 4; left -= 4, x += 16, y += 16) s = multiplyAdd(v128.load(x), v128.load(y), s);
  for (; left > 0; left--, x += 4, y += 4) t = multiplyAdd(v128.load32_zero(x), v128.load32_zero(y), t);
  return sumLanes(f32x4.add(f32x4.add(s, t), f32x4.add(u, w)));
}

export function jobRows(): u32 {
  return rowsPiece.index;
}

export function jobDots(): u32 {
  return dotsPiece.index;
}
