/** Long convolutions, see `kernels/long-convolution`: products of the transforms of x and the filter, 4 channels at a time. */
import {ConvolutionTask, numberOf, takeFilter, takeRows} from './convolution-task';
import {loadLanes, storeLanes} from './lanes';
import {minusProduct, multiplyAdd} from './simd';
import {FACTORS, join, joinNear, NEAR, partsOf, POINT, split, splitNear, transformSkew} from './skew-fft';
import {FLAG_BYTES, giveBackSlot, takeSlot} from './work-slots';

/** z = z w, point by point. */
function multiply(z: usize, w: usize, points: usize): void {
  for (const end = z + points * POINT; z < end; z += POINT, w += POINT) {
    const a = v128.load(z), b = v128.load(z, 16), c = v128.load(w), d = v128.load(w, 16);
    v128.store(z, minusProduct(a, c, b, d));
    v128.store(z, multiplyAdd(a, d, f32x4.mul(b, c)), 16);
  }
}

/** A block of z times one whose transform is w, and the number of points. */
export function convolveBlock(z: usize, w: usize, points: usize, factors: usize, block: usize, blocks: usize): void {
  if (points <= NEAR) {
    splitNear(z, points, factors, block, blocks);
    multiply(z, w, points);
    return joinNear(z, points, factors, block, blocks);
  }
  const parts = partsOf(points), part = points / parts, below = factors + blocks * FACTORS;
  const own = factors + block * FACTORS;
  split(z, points, own);
  for (let i: usize = 0, at: usize = 0; i < parts; i++, at += part * POINT)
    convolveBlock(z + at, w + at, part, below, block * parts + i, blocks * parts);
  join(z, points, own);
}

/** y = gate (numbers + skip x) for 4 channels of a row. */
function giveOutput(task: ConvolutionTask, first: usize, channel: usize, lanes: usize, z: usize): void {
  const points = <usize>task.points, step = <usize>task.channels << 2;
  const scale = f32x4.splat(1 / <f32>points), offset = first + (channel << 2);
  const skip = task.skip ? loadLanes(<usize>task.skip + (channel << 2), lanes) : f32x4.splat(0);
  let x = <usize>task.x + offset, to = <usize>task.output + offset, gate = <usize>task.gate + offset;
  for (let t: usize = 0; t < <usize>task.time; t++, x += step, to += step, gate += step) {
    let y = numberOf(z, points, t, scale);
    if (task.skip) y = multiplyAdd(loadLanes(x, lanes), skip, y);
    if (task.gate) y = f32x4.mul(y, loadLanes(gate, lanes));
    storeLanes(to, y, lanes);
  }
}

/** Piece: rows of the batch for 4 channels. */
function convolutionPiece(args: usize, piece: i32): void {
  const task = changetype<ConvolutionTask>(args);
  const groups = (<usize>task.channels + 3) >> 2, channel = (<usize>piece % groups) << 2;
  const lanes = min<usize>(4, <usize>task.channels - channel), points = <usize>task.points;
  const step = <usize>task.channels << 2, rowBytes = <usize>task.time * step;
  const slot = takeSlot(<usize>task.slots, task.numSlots);
  const w = <usize>task.slots + <usize>task.numSlots * FLAG_BYTES + <usize>slot * <usize>task.slotBytes, z = w + points * POINT;
  takeFilter(task, channel, lanes, w);
  transformSkew(w, points, task.factors, 0, 1);
  const firstRow = (<usize>piece / groups) * <usize>task.rows, end = min(firstRow + <usize>task.rows, <usize>task.batch);
  for (let row = firstRow; row < end; row++) {
    takeRows(<usize>task.x + row * rowBytes + (channel << 2), 0, step, task.time, lanes, z, points);
    convolveBlock(z, w, points, task.factors, 0, 1);
    giveOutput(task, row * rowBytes, channel, lanes, z);
  }
  giveBackSlot(<usize>task.slots, slot);
}

export function jobLongConvolution(): u32 {
  return convolutionPiece.index;
}
