/** Short convolutions along time, of each channel for itself. Vectors are of channels, which lie side by side. */
import {loadLanes, storeLanes} from './lanes';
import {multiplyAdd} from './simd';

/** Bytes of the channels that are worked on together. */
@inline const BLOCK: usize = 64;

/** y[b, o] = bias + sum_j filter[j] x[b, o + j + shift], where rows that x does not have are those before it, or 0. */
@unmanaged class Depthwise1dTask {
  /** [batch, time, channels] */
  x: u32;
  /** [size, channels] */
  filter: u32;
  /** [channels], or 0. */
  bias: u32;
  /** The rows before x, [batch, size - 1, channels]; or 0. */
  before: u32;
  /** [batch, rows, channels] */
  y: u32;
  time: u32;
  rows: u32;
  channels: u32;
  size: u32;
  shift: i32;
  /** The filter's last tap comes first. */
  reversed: u32;
  /** Rows of a piece, and pieces of a sequence. */
  pieceRows: u32;
  pieces: u32;
}

/** Piece: some rows of a sequence. */
function depthwise1dPiece(args: usize, piece: i32): void {
  const task = changetype<Depthwise1dTask>(args);
  const step = <usize>task.channels << 2, size = <i32>task.size, time = <i32>task.time;
  const sequence = <usize>piece / <usize>task.pieces;
  const first = (<usize>piece % <usize>task.pieces) * <usize>task.pieceRows;
  const last = min(<usize>task.rows, first + <usize>task.pieceRows);
  const x = <usize>task.x + sequence * <usize>time * step;
  const before = <usize>task.before + sequence * <usize>(size - 1) * step;
  const tapStep: isize = task.reversed ? -<isize>step : <isize>step;
  const filter = <usize>task.filter + (task.reversed ? <usize>(size - 1) * step : 0);
  let y = <usize>task.y + (sequence * <usize>task.rows + first) * step;
  for (let row = first; row < last; row++, y += step) {
    // The row that the first tap meets, and the taps that meet rows of x.
    const source = <i32>row + task.shift;
    const start = min(size, max(0, -source)), end = max(start, min(size, time - source));
    const met = x + <usize>(source + start) * step;
    let initial = <usize>task.bias;
    if (task.before && start > 0) {
      addTaps(before + <usize>(size - 1 + source) * step, filter, tapStep, start, step, initial, y);
      initial = y;
    }
    addTaps(met, filter + <usize>(<isize>start * tapStep), tapStep, end - start, step, initial, y);
  }
}

/** y = initial, or 0 without, plus `count` rows from x on, each times a tap. */
function addTaps(x: usize, filter: usize, tapStep: isize, count: i32, step: usize, initial: usize, y: usize): void {
  let at: usize = 0;
  for (; at + BLOCK <= step; at += BLOCK) {
    const from = initial + at;
    let a = f32x4.splat(0), b = a, c = a, d = a;
    if (initial) {
      a = v128.load(from);
      b = v128.load(from, 16);
      c = v128.load(from, 32);
      d = v128.load(from, 48);
    }
    let u = x + at, w = filter + at;
    for (let left = count; left > 0; left--, u += step, w += tapStep) {
      a = multiplyAdd(v128.load(u), v128.load(w), a);
      b = multiplyAdd(v128.load(u, 16), v128.load(w, 16), b);
      c = multiplyAdd(v128.load(u, 32), v128.load(w, 32), c);
      d = multiplyAdd(v128.load(u, 48), v128.load(w, 48), d);
    }
    v128.store(y + at, a);
    v128.store(y + at, b, 16);
    v128.store(y + at, c, 32);
    v128.store(y + at, d, 48);
  }
  for (; at < step; at += 16) {
    const lanes = (step - at) >> 2;
    let a = initial ? loadLanes(initial + at, lanes) : f32x4.splat(0);
    let u = x + at, w = filter + at;
    for (let left = count; left > 0; left--, u += step, w += tapStep)
      a = multiplyAdd(loadLanes(u, lanes), loadLanes(w, lanes), a);
    storeLanes(y + at, a, lanes);
  }
}

/** Sums over rows of g of its products with rows of x. */
@unmanaged class Depthwise1dFilterTask {
  /** Gradient of the output, [batch, time, channels]. */
  g: u32;
  /** [batch, time, channels] */
  x: u32;
  /** The rows before x, [batch, size - 1, channels]; or 0. */
  before: u32;
  /** What each piece's rows add to the taps, [pieces][size][channels]. */
  taps: u32;
  /** What they add to the bias, [pieces][channels]; or 0. */
  bias: u32;
  time: u32;
  channels: u32;
  size: u32;
  /** Tap j of row t meets row t + j + shift of x. */
  shift: i32;
  pieceRows: u32;
  /** Of a sequence. */
  pieces: u32;
}

/** Piece: some rows of a sequence. */
function depthwise1dFilterPiece(args: usize, piece: i32): void {
  const task = changetype<Depthwise1dFilterTask>(args);
  const step = <usize>task.channels << 2, size = <i32>task.size, time = <i32>task.time;
  const sequence = <usize>piece / <usize>task.pieces;
  const first = <i32>((<usize>piece % <usize>task.pieces) * <usize>task.pieceRows);
  const last = min(time, first + <i32>task.pieceRows);
  const offset = sequence * <usize>time * step;
  const g = <usize>task.g + offset, x = <usize>task.x + offset;
  const before = <usize>task.before + sequence * <usize>(size - 1) * step;
  const taps = <usize>task.taps + <usize>piece * <usize>size * step;
  memory.fill(taps, 0, <usize>size * step);
  for (let at: usize = 0; at < step; at += BLOCK) {
    const bytes = min(BLOCK, step - at);
    for (let j = 0; j < size; j++) {
      const source = j + task.shift, to = taps + <usize>j * step + at;
      const start = min(last, max(first, -source)), end = max(start, min(last, time - source));
      addProducts(g + at + <usize>start * step, x + at + <usize>(start + source) * step, end - start, step, to, bytes);
      if (task.before && start > first) {
        const row = before + at + <usize>(size - 1 + first + source) * step;
        addProducts(g + at + <usize>first * step, row, start - first, step, to, bytes);
      }
    }
    if (task.bias) {
      const to = <usize>task.bias + <usize>piece * step + at;
      sumRows(g + at + <usize>first * step, last - first, step, to, bytes);
    }
  }
}

/** Adds `count` products of rows `step` bytes apart to up to 16 channels. */
function addProducts(g: usize, x: usize, count: i32, step: usize, to: usize, bytes: usize): void {
  if (bytes == BLOCK) {
    let a = v128.load(to), b = v128.load(to, 16), c = v128.load(to, 32), d = v128.load(to, 48);
    for (; count > 0; count--, g += step, x += step) {
      a = multiplyAdd(v128.load(g), v128.load(x), a);
      b = multiplyAdd(v128.load(g, 16), v128.load(x, 16), b);
      c = multiplyAdd(v128.load(g, 32), v128.load(x, 32), c);
      d = multiplyAdd(v128.load(g, 48), v128.load(x, 48), d);
    }
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(to, c, 32);
    v128.store(to, d, 48);
    return;
  }
  for (let at: usize = 0; at < bytes; at += 16) {
    const lanes = (bytes - at) >> 2;
    let a = loadLanes(to + at, lanes), u = g + at, w = x + at;
    for (let left = count; left > 0; left--, u += step, w += step)
      a = multiplyAdd(loadLanes(u, lanes), loadLanes(w, lanes), a);
    storeLanes(to + at, a, lanes);
  }
}

/** The sum of `count` rows of up to 16 channels. */
function sumRows(g: usize, count: i32, step: usize, to: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    const lanes = (bytes - at) >> 2;
    let a = f32x4.splat(0), u = g + at;
    for (let left = count; left > 0; left--, u += step) a = f32x4.add(a, loadLanes(u, lanes));
    storeLanes(to + at, a, lanes);
  }
}

export function jobDepthwise1d(): u32 {
  return depthwise1dPiece.index;
}
export function jobDepthwise1dFilter(): u32 {
  return depthwise1dFilterPiece.index;
}
