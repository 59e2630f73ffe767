/** Copies of tensors of 4-byte values between any two orders of their axes. */

@unmanaged class CopyTask {
  from: u32;
  to: u32;
  rows: u32;
  columns: u32;
  /** Values from one column to the next. */
  columnFrom: i32;
  columnTo: i32;
  pieceRows: u32;
  /** Axes whose indices number the rows, the fastest first. */
  rank: u32;
}

/** Follows the task, `rank` times: values from one index to the next, negative where an axis is reversed. */
@unmanaged class CopyAxis {
  size: u32;
  strideFrom: i32;
  strideTo: i32;
}

/** Piece: some rows. */
function copyPiece(args: usize, piece: i32): void {
  const task = changetype<CopyTask>(args);
  const columns = <usize>task.columns;
  const axes = args + offsetof<CopyTask>();
  const end = axes + <usize>task.rank * offsetof<CopyAxis>();
  const first = <usize>piece * <usize>task.pieceRows;
  const last = min(<usize>task.rows, first + <usize>task.pieceRows);
  for (let row = first; row < last; row++) {
    let rest = row, from = <usize>task.from, to = <usize>task.to;
    for (let at = axes; at < end; at += offsetof<CopyAxis>()) {
      const axis = changetype<CopyAxis>(at);
      const index = rest % <usize>axis.size;
      rest /= <usize>axis.size;
      from += (index * <usize>axis.strideFrom) << 2;
      to += (index * <usize>axis.strideTo) << 2;
    }
    copyRow(from, to, columns, task.columnFrom, task.columnTo);
  }
}

function copyRow(from: usize, to: usize, columns: usize, columnFrom: i32, columnTo: i32): void {
  if (columnFrom == 1 && columnTo == 1) {
    let j: usize = 0;
    for (; j + 4 <= columns; j += 4, from += 16, to += 16) v128.store(to, v128.load(from));
    for (; j < columns; j++, from += 4, to += 4) store<u32>(to, load<u32>(from));
    return;
  }
  const stepFrom = <usize>columnFrom << 2, stepTo = <usize>columnTo << 2;
  for (let j: usize = 0; j < columns; j++, from += stepFrom, to += stepTo) store<u32>(to, load<u32>(from));
}

export function jobCopy(): u32 {
  return copyPiece.index;
}
