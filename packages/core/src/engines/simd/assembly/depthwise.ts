/** Convolutions of each channel for itself. Vectors are of channels, which lie side by side. */
import {loadLanes, storeLanes} from './lanes';
import {scratch} from './runtime';
import {multiplyAdd} from './simd';
import {meet, Meeting, sourceColumn, sourceRow, Window} from './window';

@unmanaged class DepthwiseTask {
  /** [batch, height, width, channels] */
  source: u32;
  /** [taps, channels]; for the filter's gradient the target's [batch, height, width, channels]. */
  other: u32;
  /** [batch, height, width, channels]; for the filter's gradient [taps, channels]. */
  to: u32;
  batch: u32;
  channels: u32;
}

@inline function windowOf(task: DepthwiseTask): Window {
  return changetype<Window>(changetype<usize>(task) + offsetof<DepthwiseTask>());
}

/** Piece: a row of an image of the target. */
function depthwisePiece(args: usize, piece: i32): void {
  const task = changetype<DepthwiseTask>(args);
  const window = windowOf(task);
  const height = <usize>window.targetHeight, width = <usize>window.targetWidth, step = <usize>task.channels << 2;
  const image = <usize>piece / height, row = <usize>piece % height;
  const source = <usize>task.source + image * <usize>window.sourceHeight * <usize>window.sourceWidth * step;
  let to = <usize>task.to + <usize>piece * width * step;
  for (let column: usize = 0; column < width; column++, to += step) {
    const end = meet(window, <i32>row, <i32>column, scratch);
    let c: usize = 0;
    for (; c + 64 <= step; c += 64) addTaps16(source + c, <usize>task.other + c, step, to + c, end);
    for (; c < step; c += 16) addTaps4(source + c, <usize>task.other + c, step, to + c, end, (step - c) >> 2);
  }
}

/** The sum over what a position meets, up to `end` of the list, for 16 channels. */
function addTaps16(source: usize, filter: usize, step: usize, to: usize, end: usize): void {
  let a = f32x4.splat(0), b = a, c = a, d = a;
  for (let at = scratch; at < end; at += offsetof<Meeting>()) {
    const x = source + <usize>changetype<Meeting>(at).position * step;
    const w = filter + <usize>changetype<Meeting>(at).tap * step;
    a = multiplyAdd(v128.load(x), v128.load(w), a);
    b = multiplyAdd(v128.load(x, 16), v128.load(w, 16), b);
    c = multiplyAdd(v128.load(x, 32), v128.load(w, 32), c);
    d = multiplyAdd(v128.load(x, 48), v128.load(w, 48), d);
  }
  v128.store(to, a);
  v128.store(to, b, 16);
  v128.store(to, c, 32);
  v128.store(to, d, 48);
}

function addTaps4(source: usize, filter: usize, step: usize, to: usize, end: usize, lanes: usize): void {
  let a = f32x4.splat(0);
  for (let at = scratch; at < end; at += offsetof<Meeting>()) {
    const x = source + <usize>changetype<Meeting>(at).position * step;
    const w = filter + <usize>changetype<Meeting>(at).tap * step;
    a = multiplyAdd(loadLanes(x, lanes), loadLanes(w, lanes), a);
  }
  storeLanes(to, a, lanes);
}

/** Bytes of the channels of a piece of the filter's gradient. */
@inline const BLOCK: usize = 64;
/** Columns that are summed for themselves, which keeps long sums exact. */
@inline const SPAN: i32 = 256;

/** Piece: a tap and a block of channels. */
function depthwiseFilterPiece(args: usize, piece: i32): void {
  const task = changetype<DepthwiseTask>(args);
  const window = windowOf(task);
  const step = <usize>task.channels << 2;
  const blocks = (step + BLOCK - 1) / BLOCK;
  const tap = <usize>piece / blocks, from = (<usize>piece % blocks) * BLOCK;
  const to = <usize>task.to + tap * step + from;
  const bytes = min(BLOCK, step - from);
  memory.fill(to, 0, bytes);
  const tapRow = <i32>tap / <i32>window.width, tapColumn = <i32>tap % <i32>window.width;
  const width = <i32>window.targetWidth;
  let target = <usize>task.other + from;
  for (let image: usize = 0; image < <usize>task.batch; image++) {
    const source = <usize>task.source + from + image * <usize>window.sourceHeight * <usize>window.sourceWidth * step;
    for (let row = 0; row < <i32>window.targetHeight; row++, target += width * step) {
      const y = sourceRow(window, row, tapRow);
      if (y < 0) continue;
      const line = source + y * window.sourceWidth * step;
      for (let column = 0; column < width; column += SPAN)
        addProducts(window, line, target, column, min(width, column + SPAN), tapColumn, step, to, bytes);
    }
  }
}

/** Adds the products of a line of the source with one of the target, columns first .. last-1, to a tap's channels. */
function addProducts(
  window: Window, source: usize, target: usize, first: i32, last: i32, tap: i32, step: usize, to: usize, bytes: usize,
): void {
  if (bytes == BLOCK) return addProducts16(window, source, target, first, last, tap, step, to);
  for (let c: usize = 0; c < bytes; c += 16) {
    const lanes = (bytes - c) >> 2;
    let sum = f32x4.splat(0);
    for (let column = first; column < last; column++) {
      const x = sourceColumn(window, column, tap);
      if (x < 0) continue;
      sum = multiplyAdd(loadLanes(source + c + x * step, lanes), loadLanes(target + c + column * step, lanes), sum);
    }
    storeLanes(to + c, f32x4.add(sum, loadLanes(to + c, lanes)), lanes);
  }
}

function addProducts16(window: Window, source: usize, target: usize, first: i32, last: i32, tap: i32, step: usize, to: usize): void {
  let a = f32x4.splat(0), b = a, c = a, d = a;
  for (let column = first; column < last; column++) {
    const index = sourceColumn(window, column, tap);
    if (index < 0) continue;
    const x = source + index * step, y = target + column * step;
    a = multiplyAdd(v128.load(x), v128.load(y), a);
    b = multiplyAdd(v128.load(x, 16), v128.load(y, 16), b);
    c = multiplyAdd(v128.load(x, 32), v128.load(y, 32), c);
    d = multiplyAdd(v128.load(x, 48), v128.load(y, 48), d);
  }
  v128.store(to, f32x4.add(a, v128.load(to)));
  v128.store(to, f32x4.add(b, v128.load(to, 16)), 16);
  v128.store(to, f32x4.add(c, v128.load(to, 32)), 32);
  v128.store(to, f32x4.add(d, v128.load(to, 48)), 48);
}

export function jobDepthwise(): u32 {
  return depthwisePiece.index;
}
export function jobDepthwiseFilter(): u32 {
  return depthwiseFilterPiece.index;
}
