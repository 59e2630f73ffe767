/** Rows that are written after those that a buffer holds; how many it holds is read here. */

@unmanaged class AppendTask {
  /** [groups][capacity][width] */
  buffer: u32;
  /** [groups][time][width] */
  rows: u32;
  /** Where the number of rows lies that the buffer holds. */
  length: u32;
  capacity: u32;
  time: u32;
  width: u32;
}

/** Piece: group. */
function appendPiece(args: usize, piece: i32): void {
  const task = changetype<AppendTask>(args);
  const length = <usize>max<i32>(0, load<i32>(<usize>task.length));
  const capacity = <usize>task.capacity, time = <usize>task.time;
  if (length >= capacity) return;
  const row = <usize>task.width << 2;
  const group = <usize>piece;
  memory.copy(
    <usize>task.buffer + (group * capacity + length) * row,
    <usize>task.rows + group * time * row,
    min(time, capacity - length) * row,
  );
}

export function jobAppend(): u32 {
  return appendPiece.index;
}
