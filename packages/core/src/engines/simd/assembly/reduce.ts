/** Sums, products and extremes over the middle axis of [outer, length, inner]. */

import {Reduction} from './operations';

@unmanaged class ReduceTask {
  operation: Reduction;
  from: u32;
  to: u32;
  outer: u32;
  length: u32;
  inner: u32;
  /** Outer indices of a piece where inner is 1; else each piece is one, and a block of columns. */
  pieceRows: u32;
}

/** Columns of a piece. */
@inline const BLOCK: usize = 64;

@inline function combine(operation: Reduction, a: v128, b: v128): v128 {
  switch (operation) {
    case Reduction.Sum: return f32x4.add(a, b);
    case Reduction.Prod: return f32x4.mul(a, b);
    case Reduction.Max: return f32x4.max(a, b);
    default: return f32x4.min(a, b);
  }
}

@inline function neutral(operation: Reduction): f32 {
  switch (operation) {
    case Reduction.Sum: return 0;
    case Reduction.Prod: return 1;
    case Reduction.Max: return -Infinity;
    default: return Infinity;
  }
}

/** The four lanes of a vector in one. */
@inline function across(operation: Reduction, x: v128): f32 {
  const half = combine(operation, x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  return f32x4.extract_lane(combine(operation, half, v128.shuffle<f32>(half, half, 1, 0, 3, 2)), 0);
}

/** A row of `length` floats in one; 4 vectors wide, so that sums stay accurate and additions overlap. */
function reduceRow(operation: Reduction, from: usize, length: usize): f32 {
  const start = f32x4.splat(neutral(operation));
  let a = start, b = start, c = start, d = start;
  let i: usize = 0;
  for (; i + 16 <= length; i += 16, from += 64) {
    a = combine(operation, a, v128.load(from));
    b = combine(operation, b, v128.load(from, 16));
    c = combine(operation, c, v128.load(from, 32));
    d = combine(operation, d, v128.load(from, 48));
  }
  for (; i + 4 <= length; i += 4, from += 16) a = combine(operation, a, v128.load(from));
  for (; i < length; i++, from += 4) b = combine(operation, b, f32x4.replace_lane(start, 0, load<f32>(from)));
  return across(operation, combine(operation, combine(operation, a, b), combine(operation, c, d)));
}

/** Four columns, `step` bytes from row to row. */
@inline function reduceColumns(operation: Reduction, from: usize, to: usize, length: usize, step: usize): void {
  let x = f32x4.splat(neutral(operation));
  for (let i: usize = 0; i < length; i++, from += step) x = combine(operation, x, v128.load(from));
  v128.store(to, x);
}

/** Piece: some rows, or a block of columns of an outer index. */
function reducePiece(args: usize, piece: i32): void {
  const task = changetype<ReduceTask>(args);
  switch (task.operation) {
    case Reduction.Sum: return reduceWith(Reduction.Sum, task, <usize>piece);
    case Reduction.Prod: return reduceWith(Reduction.Prod, task, <usize>piece);
    case Reduction.Max: return reduceWith(Reduction.Max, task, <usize>piece);
    default: return reduceWith(Reduction.Min, task, <usize>piece);
  }
}

/** Inlined once per operation, so that the inner loops have no choice to make. */
@inline function reduceWith(operation: Reduction, task: ReduceTask, piece: usize): void {
  const length = <usize>task.length, inner = <usize>task.inner;
  if (inner == 1) {
    const first = piece * <usize>task.pieceRows;
    const last = min(<usize>task.outer, first + <usize>task.pieceRows);
    for (let row = first; row < last; row++)
      store<f32>(<usize>task.to + (row << 2), reduceRow(operation, <usize>task.from + ((row * length) << 2), length));
    return;
  }
  const blocks = (inner + BLOCK - 1) / BLOCK;
  const outer = piece / blocks, column = (piece % blocks) * BLOCK;
  const columns = min(BLOCK, inner - column);
  let from = <usize>task.from + ((outer * length * inner + column) << 2);
  let to = <usize>task.to + ((outer * inner + column) << 2);
  let j: usize = 0;
  for (; j + 4 <= columns; j += 4, from += 16, to += 16) reduceColumns(operation, from, to, length, inner << 2);
  for (; j < columns; j++, from += 4, to += 4) {
    let x = f32x4.splat(neutral(operation));
    for (let i: usize = 0, at = from; i < length; i++, at += inner << 2) x = combine(operation, x, v128.load32_splat(at));
    store<f32>(to, f32x4.extract_lane(x, 0));
  }
}

export function jobReduce(): u32 {
  return reducePiece.index;
}
