/** Gradients of long convolutions, see `kernels/long-convolution/gradient.ts`: correlations, 4 channels at a time. */
import {ConvolutionTask, numberOf, takeFilter, takeRows} from './convolution-task';
import {loadLanes, storeLanes} from './lanes';
import {minusProduct, multiplyAdd} from './simd';
import {FACTORS, join, joinNear, NEAR, partsOf, POINT, split, splitNear, transformSkew, transformSkewBack} from './skew-fft';
import {FLAG_BYTES, giveBackSlot, takeSlot} from './work-slots';

@unmanaged class ConvolutionGradientTask extends ConvolutionTask {
  /** Of the output. */
  gradient: u32;
  dX: u32;
  /** [parts][filterLength][channels], of each part of the batch. */
  dFilter: u32;
  filterLength: u32;
  /** The gradient of the tap of the next position, which is added to, and bytes to the one after it and to the next part. */
  dFuture: u32;
  dFutureStep: i32;
  dFuturePart: u32;
  /** Taps of the future part's gradient that begin as zeros. */
  futureLength: u32;
  /** [parts][channels]; 0 where there is none. */
  dSkip: u32;
  /** Like x; 0 where there is none. */
  dGate: u32;
}

/** The transforms of a piece, `apart` bytes from one to the next. */
@unmanaged class Spaces {
  /** Of the filter. */
  w: usize;
  /** The sum over rows for the filter's gradient. */
  sum: usize;
  /** Of x, then of the output before skip and gate. */
  x: usize;
  /** Of the gradient of that, then of the gradient of x. */
  d: usize;
}

/** sum += conj(x) d;   d = conj(w) d;   x = w x where the output is wanted. */
function correlate(w: usize, sum: usize, x: usize, d: usize, points: usize, isOutputWanted: bool): void {
  for (const end = w + points * POINT; w < end; w += POINT, sum += POINT, x += POINT, d += POINT) {
    const a = v128.load(x), b = v128.load(x, 16), c = v128.load(d), e = v128.load(d, 16);
    const u = v128.load(w), v = v128.load(w, 16);
    v128.store(sum, multiplyAdd(a, c, multiplyAdd(b, e, v128.load(sum))));
    v128.store(sum, f32x4.add(v128.load(sum, 16), minusProduct(a, e, b, c)), 16);
    v128.store(d, multiplyAdd(u, c, f32x4.mul(v, e)));
    v128.store(d, minusProduct(u, e, v, c), 16);
    if (isOutputWanted) {
      v128.store(x, minusProduct(a, u, b, v));
      v128.store(x, multiplyAdd(a, v, f32x4.mul(b, u)), 16);
    }
  }
}

/** What {@link correlate} does, of blocks that are yet to be transformed, and back again. `at`: bytes before the block. */
function correlateBlock(
  spaces: Spaces, at: usize, points: usize, factors: usize, block: usize, blocks: usize, isOutputWanted: bool,
): void {
  const x = spaces.x + at, d = spaces.d + at;
  if (points <= NEAR) {
    splitNear(x, points, factors, block, blocks);
    splitNear(d, points, factors, block, blocks);
    correlate(spaces.w + at, spaces.sum + at, x, d, points, isOutputWanted);
    joinNear(d, points, factors, block, blocks);
    if (isOutputWanted) joinNear(x, points, factors, block, blocks);
    return;
  }
  const parts = partsOf(points), part = points / parts, below = factors + blocks * FACTORS;
  const own = factors + block * FACTORS;
  split(x, points, own);
  split(d, points, own);
  for (let i: usize = 0; i < parts; i++)
    correlateBlock(spaces, at + i * part * POINT, part, below, block * parts + i, blocks * parts, isOutputWanted);
  join(d, points, own);
  if (isOutputWanted) join(x, points, own);
}

/** The gradients of 4 channels of x and of the gate in a row; returns what is added to those of the skip factors. */
function giveRowGradients(task: ConvolutionGradientTask, first: usize, channel: usize, lanes: usize, spaces: Spaces): v128 {
  const points = <usize>task.points, step = <usize>task.channels << 2, offset = first + (channel << 2);
  const scale = f32x4.splat(1 / <f32>points);
  const skip = task.skip ? loadLanes(<usize>task.skip + (channel << 2), lanes) : f32x4.splat(0);
  let dSkip = f32x4.splat(0), at = offset;
  for (let t: usize = 0; t < <usize>task.time; t++, at += step) {
    let dx = numberOf(spaces.d, points, t, scale);
    if (task.skip || task.gate) {
      const x = loadLanes(<usize>task.x + at, lanes), g = loadLanes(<usize>task.gradient + at, lanes);
      const du = task.gate ? f32x4.mul(g, loadLanes(<usize>task.gate + at, lanes)) : g;
      dx = multiplyAdd(skip, du, dx);
      dSkip = multiplyAdd(x, du, dSkip);
      if (task.gate)
        storeLanes(<usize>task.dGate + at, f32x4.mul(g, multiplyAdd(skip, x, numberOf(spaces.x, points, t, scale))), lanes);
    }
    storeLanes(<usize>task.dX + at, dx, lanes);
  }
  return dSkip;
}

/** The gradients of 4 channels of the filter and of its future part. */
function giveFilterGradients(task: ConvolutionGradientTask, part: usize, channel: usize, lanes: usize, sum: usize): void {
  const points = <usize>task.points, step = <usize>task.channels << 2, scale = f32x4.splat(1 / <f32>points);
  const filter = <usize>task.dFilter + part * <usize>task.filterLength * step + (channel << 2);
  for (let i: usize = 0, to = filter; i < <usize>task.filterLength; i++, to += step)
    storeLanes(to, i < <usize>task.taps ? numberOf(sum, points, i, scale) : f32x4.splat(0), lanes);
  const future = <usize>task.dFuture + part * <usize>task.dFuturePart + (channel << 2);
  for (let j: usize = 0, to = future; j < <usize>task.futureLength; j++, to += step) storeLanes(to, f32x4.splat(0), lanes);
  for (let j = <usize>task.futureFirst; j < <usize>task.futureEnd; j++) {
    const to = future + <isize>j * <isize>task.dFutureStep;
    storeLanes(to, f32x4.sub(loadLanes(to, lanes), numberOf(sum, points, 2 * points - 1 - j, scale)), lanes);
  }
}

/** Piece: rows of the batch for 4 channels. */
function convolutionGradientPiece(args: usize, piece: i32): void {
  const task = changetype<ConvolutionGradientTask>(args);
  const groups = (<usize>task.channels + 3) >> 2, channel = (<usize>piece % groups) << 2, part = <usize>piece / groups;
  const lanes = min<usize>(4, <usize>task.channels - channel), points = <usize>task.points;
  const step = <usize>task.channels << 2, rowBytes = <usize>task.time * step;
  const slot = takeSlot(<usize>task.slots, task.numSlots);
  const space = <usize>task.slots + <usize>task.numSlots * FLAG_BYTES + <usize>slot * <usize>task.slotBytes;
  const spaces = changetype<Spaces>(space);
  spaces.w = space + offsetof<Spaces>();
  spaces.sum = spaces.w + points * POINT;
  spaces.x = spaces.sum + points * POINT;
  spaces.d = spaces.x + points * POINT;
  takeFilter(task, channel, lanes, spaces.w);
  transformSkew(spaces.w, points, task.factors, 0, 1);
  memory.fill(spaces.sum, 0, points * POINT);
  let dSkip = f32x4.splat(0);
  const firstRow = part * <usize>task.rows, end = min(firstRow + <usize>task.rows, <usize>task.batch);
  for (let row = firstRow; row < end; row++) {
    const first = row * rowBytes, offset = first + (channel << 2), gate = task.gate ? <usize>task.gate + offset : 0;
    takeRows(<usize>task.x + offset, 0, step, task.time, lanes, spaces.x, points);
    takeRows(<usize>task.gradient + offset, gate, step, task.time, lanes, spaces.d, points);
    correlateBlock(spaces, 0, points, task.factors, 0, 1, task.gate != 0);
    dSkip = f32x4.add(dSkip, giveRowGradients(task, first, channel, lanes, spaces));
  }
  transformSkewBack(spaces.sum, points, task.factors, 0, 1);
  giveFilterGradients(task, part, channel, lanes, spaces.sum);
  if (task.skip) storeLanes(<usize>task.dSkip + part * step + (channel << 2), dSkip, lanes);
  giveBackSlot(<usize>task.slots, slot);
}

export function jobLongConvolutionGradient(): u32 {
  return convolutionGradientPiece.index;
}
