/**
 * Reductions of the middle axis of [outer, length, inner] to [outer, chunks, inner]: long axes in chunks, whose results
 * are reduced in turn. How they are cut depends on the shape alone, so that any number of threads gives the same bits,
 * and sums of many values stay accurate.
 */
import {Reduction} from './operations';
import {All, Any, IntMax, IntMin, IntProd, IntSum, Max, Min, Prod, Sum} from './reduce-ops';
import {multiplyRows} from './reduce-product';
import {scratch} from './runtime';

@unmanaged class ReduceTask {
  operation: Reduction;
  from: u32;
  to: u32;
  outer: u32;
  length: u32;
  inner: u32;
  /** Of the middle axis. */
  chunkLength: u32;
  chunks: u32;
  /** Columns that a piece reduces; inner, or a multiple of 4 below it. */
  blockColumns: u32;
  /** Outer indices of a piece; 1 where there are several chunks or blocks of columns. */
  group: u32;
  /** Of the sums of floats: 1, or the number of values for their mean. */
  divisor: f32;
}

/** Columns from which on additions to them, one row after the other, do not wait for each other. */
@inline const WIDE: usize = 64;

/** to[i] = combine(to[i], from[i]) for a number of bytes. */
function accumulate<Op>(to: usize, from: usize, bytes: usize): void {
  const op = changetype<Op>(0);
  const end = to + bytes;
  for (; to + 32 <= end; to += 32, from += 32) {
    const x = op.combine(v128.load(to), v128.load(from));
    const y = op.combine(v128.load(to, 16), v128.load(from, 16));
    v128.store(to, x);
    v128.store(to, y, 16);
  }
  if (to + 16 <= end) {
    v128.store(to, op.combine(v128.load(to), v128.load(from)));
    to += 16;
    from += 16;
  }
  if (op.size() == 4)
    for (; to < end; to += 4, from += 4)
      v128.store32_lane(to, op.combine(v128.load32_splat(to), v128.load32_splat(from)), 0);
  else
    for (; to < end; to++, from++) v128.store8_lane(to, op.combine(v128.load8_splat(to), v128.load8_splat(from)), 0);
}

/** The same of four rows, `step` bytes apart. */
function accumulateFour<Op>(to: usize, from: usize, step: usize, bytes: usize): void {
  const op = changetype<Op>(0);
  const end = to + bytes;
  let second = from + step, third = second + step, fourth = third + step;
  for (; to + 16 <= end; to += 16, from += 16, second += 16, third += 16, fourth += 16) {
    const x = op.combine(v128.load(from), v128.load(second)), y = op.combine(v128.load(third), v128.load(fourth));
    v128.store(to, op.combine(v128.load(to), op.combine(x, y)));
  }
  if (to == end) return;
  for (let i: usize = 0; i < 4; i++) accumulate<Op>(to, from + i * step, end - to);
}

/** Few bytes at a time; `memory.copy` is slow to start. */
@inline function copy<Op>(to: usize, from: usize, bytes: usize): void {
  const end = to + bytes;
  for (; to + 16 <= end; to += 16, from += 16) v128.store(to, v128.load(from));
  if (changetype<Op>(0).size() == 4) for (; to < end; to += 4, from += 4) store<u32>(to, load<u32>(from));
  else for (; to < end; to++, from++) store<u8>(to, load<u8>(from));
}

/** Combines rows of `width` bytes, `step` apart, into one. */
function combineRows<Op>(to: usize, from: usize, rows: usize, width: usize, step: usize): void {
  copy<Op>(to, from, width);
  let row: usize = 1;
  from += step;
  for (; row + 4 <= rows; row += 4, from += 4 * step) accumulateFour<Op>(to, from, step, width);
  for (; row < rows; row++, from += step) accumulate<Op>(to, from, width);
}

/** The same of whole rows of few columns, several at a time as if they were one. */
function reduceNarrow<Op>(to: usize, from: usize, rows: usize, width: usize): void {
  // 4 rows of any width are whole vectors.
  const fold = ((WIDE * changetype<Op>(0).size() + width - 1) / width + 3) & ~3;
  const steps = rows / fold;
  if (steps < 2) return combineRows<Op>(to, from, rows, width, width);
  const wide = fold * width;
  combineRows<Op>(scratch, from, steps, wide, wide);
  accumulate<Op>(scratch, from + steps * wide, (rows - steps * fold) * width);
  combineRows<Op>(to, scratch, fold, width, width);
}

/** The first value of a vector, the others neutral. */
@inline function loadOne<Op>(from: usize): v128 {
  const op = changetype<Op>(0);
  return op.size() == 4 ? v128.load32_lane(from, op.neutral(), 0) : v128.load8_lane(from, op.neutral(), 0);
}

/** Bytes of a row that are combined before they are to the rest: sums of sums are more accurate. */
@inline const PART: usize = 1024;

/** One row of values to one; 4 vectors wide. */
function reduceRow<Op>(to: usize, from: usize, bytes: usize): void {
  const op = changetype<Op>(0);
  const end = from + bytes;
  let a = op.neutral(), b = op.neutral();
  while (from + 64 <= end) {
    const part = min(from + PART, end);
    let c = v128.load(from), d = v128.load(from, 16), e = v128.load(from, 32), f = v128.load(from, 48);
    for (from += 64; from + 64 <= part; from += 64) {
      c = op.combine(c, v128.load(from));
      d = op.combine(d, v128.load(from, 16));
      e = op.combine(e, v128.load(from, 32));
      f = op.combine(f, v128.load(from, 48));
    }
    a = op.combine(a, op.combine(c, e));
    b = op.combine(b, op.combine(d, f));
  }
  for (; from + 16 <= end; from += 16) a = op.combine(a, v128.load(from));
  for (; from < end; from += op.size()) b = op.combine(b, loadOne<Op>(from));
  a = op.combine(a, b);
  a = op.combine(a, v128.shuffle<i32>(a, a, 2, 3, 0, 1));
  a = op.combine(a, v128.shuffle<i32>(a, a, 1, 0, 3, 2));
  if (op.size() == 4) return v128.store32_lane(to, a, 0);
  a = op.combine(a, i16x8.shr_u(a, 8));
  a = op.combine(a, i32x4.shr_u(a, 16));
  v128.store8_lane(to, a, 0);
}

/** Piece: some outer indices, or one, a chunk of its rows and a block of columns. */
function reduceWith<Op>(task: ReduceTask, piece: usize): void {
  const size = changetype<Op>(0).size();
  const inner = <usize>task.inner, chunks = <usize>task.chunks, columns = <usize>task.blockColumns;
  const blocks = (inner + columns - 1) / columns;
  const column = (piece % blocks) * columns, chunk = (piece / blocks) % chunks;
  const width = min(columns, inner - column) * size, step = inner * size;
  const row = chunk * <usize>task.chunkLength;
  const rows = min(<usize>task.chunkLength, <usize>task.length - row);
  const first = (piece / blocks / chunks) * <usize>task.group;
  const end = min(first + <usize>task.group, <usize>task.outer);
  for (let outer = first; outer < end; outer++) {
    const from = <usize>task.from + ((outer * <usize>task.length + row) * inner + column) * size;
    const to = <usize>task.to + ((outer * chunks + chunk) * inner + column) * size;
    if (task.operation == Reduction.Prod) multiplyRows(to, from, rows, width, step);
    else if (inner == 1) reduceRow<Op>(to, from, rows * size);
    else if (inner < WIDE) reduceNarrow<Op>(to, from, rows, width);
    else combineRows<Op>(to, from, rows, width, step);
    if (task.divisor != 1) divide(to, width, task.divisor);
  }
}

function divide(to: usize, bytes: usize, divisor: f32): void {
  const end = to + bytes, by = f32x4.splat(divisor);
  for (; to + 16 <= end; to += 16) v128.store(to, f32x4.div(v128.load(to), by));
  for (; to < end; to += 4) store<f32>(to, load<f32>(to) / divisor);
}

function reducePiece(args: usize, piece: i32): void {
  const task = changetype<ReduceTask>(args);
  switch (task.operation) {
    case Reduction.Sum: return reduceWith<Sum>(task, <usize>piece);
    case Reduction.Prod: return reduceWith<Prod>(task, <usize>piece);
    case Reduction.Max: return reduceWith<Max>(task, <usize>piece);
    case Reduction.Min: return reduceWith<Min>(task, <usize>piece);
    case Reduction.IntSum: return reduceWith<IntSum>(task, <usize>piece);
    case Reduction.IntProd: return reduceWith<IntProd>(task, <usize>piece);
    case Reduction.IntMax: return reduceWith<IntMax>(task, <usize>piece);
    case Reduction.IntMin: return reduceWith<IntMin>(task, <usize>piece);
    case Reduction.Any: return reduceWith<Any>(task, <usize>piece);
    case Reduction.All: return reduceWith<All>(task, <usize>piece);
  }
}

export function jobReduce(): u32 {
  return reducePiece.index;
}
