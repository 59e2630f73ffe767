/**
 * Windows over images: which positions of a source [batch, height, width] a position of a target meets, and through which
 * tap of the window. Along either axis, the source's index is (index * multiply + tap * step + offset) / divide, where that
 * is a whole number and there is such an index: a convolution has divide 1, its gradient multiply 1.
 */

@unmanaged export class Window {
  sourceHeight: u32;
  sourceWidth: u32;
  targetHeight: u32;
  targetWidth: u32;
  /** Taps. */
  height: u32;
  width: u32;
  multiplyRow: i32;
  multiplyColumn: i32;
  stepRow: i32;
  stepColumn: i32;
  offsetRow: i32;
  offsetColumn: i32;
  divideRow: i32;
  divideColumn: i32;
}

/** The source's index that an index of the target meets through a tap; -1 for none. */
@inline function sourceIndex(at: i32, tap: i32, multiply: i32, step: i32, offset: i32, divide: i32, size: i32): i32 {
  const scaled = at * multiply + tap * step + offset;
  if (divide == 1) return <u32>scaled < <u32>size ? scaled : -1;
  if (scaled < 0 || scaled % divide != 0) return -1;
  const index = scaled / divide;
  return index < size ? index : -1;
}

@inline export function sourceRow(w: Window, row: i32, tap: i32): i32 {
  return sourceIndex(row, tap, w.multiplyRow, w.stepRow, w.offsetRow, w.divideRow, w.sourceHeight);
}

@inline export function sourceColumn(w: Window, column: i32, tap: i32): i32 {
  return sourceIndex(column, tap, w.multiplyColumn, w.stepColumn, w.offsetColumn, w.divideColumn, w.sourceWidth);
}

/** A position that a window meets. */
@unmanaged export class Meeting {
  /** Its number within the source [height, width]. */
  position: u32;
  tap: u32;
}

/** Writes what a position of the target meets to `list`, in the order of the taps; returns where the list ends. */
export function meet(window: Window, row: i32, column: i32, list: usize): usize {
  for (let i = 0; i < <i32>window.height; i++) {
    const y = sourceRow(window, row, i);
    if (y < 0) continue;
    for (let j = 0; j < <i32>window.width; j++) {
      const x = sourceColumn(window, column, j);
      if (x < 0) continue;
      const meeting = changetype<Meeting>(list);
      meeting.position = y * window.sourceWidth + x;
      meeting.tap = i * window.width + j;
      list += offsetof<Meeting>();
    }
  }
  return list;
}
