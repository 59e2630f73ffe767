/** Choosing between the values of two tensors, and filling one. */
import {fromBytes} from './loops';

@unmanaged class SelectTask {
  /** A byte for each value, not 0 where the first tensor's is taken. */
  condition: u32;
  a: u32;
  b: u32;
  to: u32;
  count: u32;
  /** Values of a piece, a multiple of 16. */
  pieceCount: u32;
  /** 4 or 1. */
  bytes: u32;
}

/** Piece: a range of the values. Whole vectors, since the room of a tensor is a multiple of 16 bytes. */
function selectPiece(args: usize, piece: i32): void {
  const task = changetype<SelectTask>(args);
  const first = <usize>piece * <usize>task.pieceCount;
  const offset = first * <usize>task.bytes;
  const count = <isize>min(<usize>task.pieceCount, <usize>task.count - first);
  const condition = <usize>task.condition + first;
  const a = <usize>task.a + offset, b = <usize>task.b + offset, to = <usize>task.to + offset;
  if (task.bytes == 4) selectWide(condition, a, b, to, count);
  else selectBytes(condition, a, b, to, count);
}

function selectWide(condition: usize, a: usize, b: usize, to: usize, count: isize): void {
  for (; count > 0; count -= 4, condition += 4, a += 16, b += 16, to += 16) {
    const without = i32x4.eq(fromBytes(condition), i32x4.splat(0));
    v128.store(to, v128.bitselect(v128.load(b), v128.load(a), without));
  }
}

function selectBytes(condition: usize, a: usize, b: usize, to: usize, count: isize): void {
  for (; count > 0; count -= 16, condition += 16, a += 16, b += 16, to += 16) {
    const without = i8x16.eq(v128.load(condition), i8x16.splat(0));
    v128.store(to, v128.bitselect(v128.load(b), v128.load(a), without));
  }
}

export function jobSelect(): u32 {
  return selectPiece.index;
}

@unmanaged class FillTask {
  to: u32;
  /** Vectors of 16 bytes, and how many of them are a piece. */
  count: u32;
  pieceCount: u32;
  /** 4 bytes that are repeated. */
  pattern: u32;
}

/** Piece: a range of the vectors. */
function fillPiece(args: usize, piece: i32): void {
  const task = changetype<FillTask>(args);
  const first = <usize>piece * <usize>task.pieceCount;
  const pattern = i32x4.splat(<i32>task.pattern);
  let to = <usize>task.to + (first << 4);
  for (let left = min(<usize>task.pieceCount, <usize>task.count - first); left > 0; left--, to += 16) v128.store(to, pattern);
}

export function jobFill(): u32 {
  return fillPiece.index;
}
