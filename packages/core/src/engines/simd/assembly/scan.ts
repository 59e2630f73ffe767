/** Running sums and products along the middle axis of [outer, length, inner]. */
import {Scan} from './operations';
import {IntProd, IntSum, Prod, Sum} from './reduce-ops';

@unmanaged class ScanTask {
  operation: Scan;
  from: u32;
  to: u32;
  outer: u32;
  length: u32;
  inner: u32;
  /** Without the value itself. */
  exclusive: u32;
  /** From the end. */
  reverse: u32;
  /** Columns that a piece does, and outer indices. */
  blockColumns: u32;
  group: u32;
}

/** The running totals of 4 values. */
@inline function scan4<Op>(x: v128): v128 {
  const op = changetype<Op>(0), neutral = op.neutral();
  x = op.combine(v128.shuffle<i32>(neutral, x, 0, 4, 5, 6), x);
  return op.combine(v128.shuffle<i32>(neutral, x, 0, 1, 4, 5), x);
}

/** Of a row of `length` values one after the other. */
function scanRow<Op>(from: usize, to: usize, length: usize, exclusive: bool): void {
  const op = changetype<Op>(0), neutral = op.neutral();
  let total = neutral;
  const end = from + (length << 2);
  for (; from + 16 <= end; from += 16, to += 16) {
    // What the next 4 wait for is one operation.
    const x = scan4<Op>(v128.load(from));
    const before = v128.shuffle<i32>(neutral, x, 0, 4, 5, 6);
    v128.store(to, op.combine(total, exclusive ? before : x));
    total = op.combine(total, v128.shuffle<i32>(x, x, 3, 3, 3, 3));
  }
  for (; from < end; from += 4, to += 4) {
    const next = op.combine(total, v128.load32_splat(from));
    v128.store32_lane(to, exclusive ? total : next, 0);
    total = next;
  }
}

/** The same from the end. */
function scanRowBackwards<Op>(from: usize, to: usize, length: usize, exclusive: bool): void {
  const op = changetype<Op>(0), neutral = op.neutral();
  let total = neutral;
  let left = length << 2;
  for (; left >= 16; left -= 16) {
    const at = from + left - 16;
    const forwards = v128.load(at);
    const x = scan4<Op>(v128.shuffle<i32>(forwards, forwards, 3, 2, 1, 0));
    const before = v128.shuffle<i32>(neutral, x, 0, 4, 5, 6);
    const totals = op.combine(total, exclusive ? before : x);
    v128.store(to + left - 16, v128.shuffle<i32>(totals, totals, 3, 2, 1, 0));
    total = op.combine(total, v128.shuffle<i32>(x, x, 3, 3, 3, 3));
  }
  for (; left > 0; left -= 4) {
    const next = op.combine(total, v128.load32_splat(from + left - 4));
    v128.store32_lane(to + left - 4, exclusive ? total : next, 0);
    total = next;
  }
}

/** to[i] = combine(before[i], x[i]) for a number of bytes. */
@inline function combineRow<Op>(to: usize, before: usize, x: usize, bytes: usize): void {
  const op = changetype<Op>(0);
  const end = to + bytes;
  for (; to + 16 <= end; to += 16, before += 16, x += 16)
    v128.store(to, op.combine(v128.load(before), v128.load(x)));
  for (; to < end; to += 4, before += 4, x += 4)
    v128.store32_lane(to, op.combine(v128.load32_splat(before), v128.load32_splat(x)), 0);
}

/** Of columns of `width` bytes together: row after row, `step` bytes on, which is backwards if negative. */
function scanColumns<Op>(from: usize, to: usize, length: usize, width: usize, step: isize, exclusive: bool): void {
  if (exclusive) {
    const end = to + width;
    let at = to;
    for (; at + 16 <= end; at += 16) v128.store(at, changetype<Op>(0).neutral());
    for (; at < end; at += 4) v128.store32_lane(at, changetype<Op>(0).neutral(), 0);
  } else memory.copy(to, from, width);
  for (let row: usize = 1; row < length; row++) {
    const next = to + step;
    combineRow<Op>(next, to, exclusive ? from : from + step, width);
    from += step;
    to = next;
  }
}

/** Piece: some outer indices, or a block of columns of one. */
function scanWith<Op>(task: ScanTask, piece: usize): void {
  const length = <usize>task.length, inner = <usize>task.inner, columns = <usize>task.blockColumns;
  const exclusive = <bool>task.exclusive, step = inner << 2;
  const blocks = (inner + columns - 1) / columns;
  const column = (piece % blocks) * columns;
  const width = min(columns, inner - column) << 2;
  const first = (piece / blocks) * <usize>task.group;
  const end = min(first + <usize>task.group, <usize>task.outer);
  for (let outer = first; outer < end; outer++) {
    const at = (outer * length * inner + column) << 2;
    const from = <usize>task.from + at, to = <usize>task.to + at, last = (length - 1) * step;
    if (inner == 1) {
      if (task.reverse) scanRowBackwards<Op>(from, to, length, exclusive);
      else scanRow<Op>(from, to, length, exclusive);
    } else if (task.reverse) scanColumns<Op>(from + last, to + last, length, width, -<isize>step, exclusive);
    else scanColumns<Op>(from, to, length, width, <isize>step, exclusive);
  }
}

function scanPiece(args: usize, piece: i32): void {
  const task = changetype<ScanTask>(args);
  switch (task.operation) {
    case Scan.Sum: return scanWith<Sum>(task, <usize>piece);
    case Scan.Prod: return scanWith<Prod>(task, <usize>piece);
    case Scan.IntSum: return scanWith<IntSum>(task, <usize>piece);
    case Scan.IntProd: return scanWith<IntProd>(task, <usize>piece);
  }
}

export function jobScan(): u32 {
  return scanPiece.index;
}
