/** What a long convolution and its gradient share: the task, and 4 channels of tensors as points of `skew-fft.ts`. */
import {loadLanes, storeLanes} from './lanes';
import {POINT} from './skew-fft';

@unmanaged export class ConvolutionTask {
  /** [batch][time][channels] */
  x: u32;
  /** [.][channels] */
  filter: u32;
  /** The tap of the next position, and bytes to that of the one after it. */
  future: u32;
  futureStep: i32;
  /** [channels]; 0 where there is none. */
  skip: u32;
  /** Like x; 0 where there is none. */
  gate: u32;
  output: u32;
  batch: u32;
  time: u32;
  channels: u32;
  /** Taps of the filter, and the range of those of its future part: from the first on, the last not among them. */
  taps: u32;
  futureFirst: u32;
  futureEnd: u32;
  /** Rows of the batch that a piece does. */
  rows: u32;
  /** Half of the numbers of the cyclic convolution, and the factors of its transforms. */
  points: u32;
  factors: u32;
  /** Memory to work in, see `work-slots.ts`: the slots begin after their flags. */
  slots: u32;
  numSlots: u32;
  slotBytes: u32;
}

/** Where tap `j` of the future part lies, which is of the position j + 1 later. */
@inline export function futureTap(task: ConvolutionTask, j: usize): usize {
  return <usize>task.future + <isize>j * <isize>task.futureStep;
}

/** Where number `i` of a cyclic convolution lies. */
@inline function numberAt(z: usize, points: usize, i: usize): usize {
  return i < points ? z + i * POINT : z + (i - points) * POINT + 16;
}

/** Takes `count` rows of 4 channels as numbers from 0 on; zeros are the others. `times` multiplies them if not 0. */
export function takeRows(from: usize, times: usize, step: usize, count: usize, lanes: usize, z: usize, points: usize): void {
  const zero = f32x4.splat(0);
  const first = min(count, points);
  if (lanes >= 4 && !times) for (let i: usize = 0, at = z; i < first; i++, at += POINT, from += step) {
    v128.store(at, v128.load(from));
    v128.store(at, zero, 16);
  } else for (let i: usize = 0, at = z; i < first; i++, at += POINT, from += step) {
    v128.store(at, loadProduct(from, times, lanes));
    v128.store(at, zero, 16);
    times += times ? step : 0;
  }
  for (let i = first, at = z + first * POINT; i < points; i++, at += POINT) {
    v128.store(at, zero);
    v128.store(at, zero, 16);
  }
  for (let i = points; i < count; i++, from += step) {
    v128.store(numberAt(z, points, i), loadProduct(from, times, lanes));
    times += times ? step : 0;
  }
}

@inline function loadProduct(from: usize, times: usize, lanes: usize): v128 {
  const x = loadLanes(from, lanes);
  return times ? f32x4.mul(x, loadLanes(times, lanes)) : x;
}

/** Takes 4 channels of the filter: what wraps around counts with the other sign, and so do the taps of later positions. */
export function takeFilter(task: ConvolutionTask, channel: usize, lanes: usize, z: usize): void {
  const points = <usize>task.points;
  takeRows(<usize>task.filter + (channel << 2), 0, <usize>task.channels << 2, task.taps, lanes, z, points);
  for (let j = <usize>task.futureFirst; j < <usize>task.futureEnd; j++)
    v128.store(numberAt(z, points, 2 * points - 1 - j), f32x4.neg(loadLanes(futureTap(task, j) + (channel << 2), lanes)));
}

/** Number `i`, times a factor. */
@inline export function numberOf(z: usize, points: usize, i: usize, scale: v128): v128 {
  return f32x4.mul(v128.load(numberAt(z, points, i)), scale);
}

/** Gives the numbers from 0 on, times a factor, as rows of 4 channels. */
export function giveRows(z: usize, points: usize, scale: f32, to: usize, step: usize, count: usize, lanes: usize): void {
  const factor = f32x4.splat(scale);
  for (let i: usize = 0; i < count; i++, to += step) storeLanes(to, numberOf(z, points, i, factor), lanes);
}
