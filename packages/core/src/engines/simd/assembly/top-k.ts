/** The largest values of rows, in order. */

@unmanaged class TopKTask {
  /** [rows, length] */
  from: u32;
  /** [rows, k] */
  values: u32;
  /** [rows, k] */
  indices: u32;
  /** [rows, k] entries of 8 bytes: room to work in. */
  heaps: u32;
  length: u32;
  k: u32;
  /** 1 where values are floats, else whole numbers; their bytes, 4 or 1. */
  floats: u32;
  bytes: u32;
}

/** A float as a whole number of the same order; 0 and -0 are one, and NaN is above all. */
@inline function orderOf(x: f32): i32 {
  if (x != x) return i32.MAX_VALUE;
  const bits = reinterpret<i32>(x + 0);
  return bits ^ ((bits >> 31) & i32.MAX_VALUE);
}

/** A value and its index in one number: larger values are larger, and of equal ones the first. */
@inline function entryAt(task: TopKTask, row: usize, index: usize): i64 {
  const bytes = <usize>task.bytes;
  const at = row + index * bytes;
  const order = bytes == 1 ? <i32>load<u8>(at) : task.floats ? orderOf(load<f32>(at)) : load<i32>(at);
  return (<i64>order << 32) | <i64>(~<u32>index);
}

/** Moves an entry down a heap of `size`, whose smallest entry is the first, to its place below `i`. */
function sift(heap: usize, size: usize, i: usize, entry: i64): void {
  while (true) {
    let child = (i << 1) + 1;
    if (child >= size) break;
    if (child + 1 < size && load<i64>(heap + ((child + 1) << 3)) < load<i64>(heap + (child << 3))) child++;
    const smaller = load<i64>(heap + (child << 3));
    if (smaller >= entry) break;
    store<i64>(heap + (i << 3), smaller);
    i = child;
  }
  store<i64>(heap + (i << 3), entry);
}

/** Piece: a row. */
function topKPiece(args: usize, piece: i32): void {
  const task = changetype<TopKTask>(args);
  const k = <usize>task.k, length = <usize>task.length, bytes = <usize>task.bytes;
  const row = <usize>task.from + <usize>piece * length * bytes;
  const heap = <usize>task.heaps + ((<usize>piece * k) << 3);
  for (let i: usize = 0; i < k; i++) store<i64>(heap + (i << 3), entryAt(task, row, i));
  for (let i = k >> 1; i > 0; i--) sift(heap, k, i - 1, load<i64>(heap + ((i - 1) << 3)));
  for (let i = k; i < length; i++) {
    const entry = entryAt(task, row, i);
    if (entry > load<i64>(heap)) sift(heap, k, 0, entry);
  }
  // The smallest goes behind the rest, again and again.
  for (let left = k - 1; left > 0; left--) {
    const last = load<i64>(heap + (left << 3));
    store<i64>(heap + (left << 3), load<i64>(heap));
    sift(heap, left, 0, last);
  }
  writeEntries(task, row, heap, <usize>piece * k);
}

function writeEntries(task: TopKTask, row: usize, heap: usize, first: usize): void {
  for (let i: usize = 0; i < <usize>task.k; i++) {
    const index = <usize>~<u32>load<i64>(heap + (i << 3));
    store<u32>(<usize>task.indices + ((first + i) << 2), <u32>index);
    if (task.bytes == 1) store<u8>(<usize>task.values + first + i, load<u8>(row + index));
    else store<u32>(<usize>task.values + ((first + i) << 2), load<u32>(row + (index << 2)));
  }
}

export function jobTopK(): u32 {
  return topKPiece.index;
}
