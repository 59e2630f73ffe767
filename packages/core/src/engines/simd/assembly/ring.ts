/** Rows of a stream written into a buffer that goes round; how many there were before is read here. */

@unmanaged class RingTask {
  /** [groups][capacity][width] */
  buffer: u32;
  /** [groups][time][width] */
  rows: u32;
  /** Where the number of rows lies that were written before. */
  length: u32;
  capacity: u32;
  time: u32;
  width: u32;
  /** First rows that stay. */
  kept: u32;
}

/** Piece: group. */
function ringPiece(args: usize, piece: i32): void {
  const task = changetype<RingTask>(args);
  const length = max<i32>(0, load<i32>(<usize>task.length));
  const capacity = <i32>task.capacity, time = <i32>task.time, kept = <i32>task.kept, ring = capacity - kept;
  const row = <usize>task.width << 2;
  const buffer = <usize>task.buffer + <usize>piece * <usize>capacity * row;
  const rows = <usize>task.rows + <usize>piece * <usize>time * row;
  for (let i = 0; i < time; i++) {
    const position = length + i;
    const isFirst = position < min(kept, capacity);
    // Where a later one of these rows comes to the same place.
    if (!isFirst && (ring <= 0 || i + ring < time)) continue;
    const place = position < capacity ? position : kept + (position - kept) % ring;
    memory.copy(buffer + <usize>place * row, rows + <usize>i * row, row);
  }
}

export function jobRing(): u32 {
  return ringPiece.index;
}
