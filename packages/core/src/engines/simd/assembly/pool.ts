/** The largest and the mean values under windows, and their gradients. Vectors are of channels, which lie side by side. */
import {loadLanes, storeLanes} from './lanes';
import {Pool} from './operations';
import {scratch} from './runtime';
import {meet, Meeting, Window} from './window';

@unmanaged class PoolTask {
  operation: Pool;
  /** [batch, height, width, channels] */
  source: u32;
  /** Of the shape of the source; see {@link Pool}. */
  taps: u32;
  /** [batch, height, width, channels] */
  to: u32;
  channels: u32;
  /** What a mean's gradient is multiplied by. */
  scale: f32;
}

/** Piece: a row of an image of the target. */
function poolPiece(args: usize, piece: i32): void {
  const task = changetype<PoolTask>(args);
  const window = changetype<Window>(args + offsetof<PoolTask>());
  const height = <usize>window.targetHeight, width = <usize>window.targetWidth, step = <usize>task.channels << 2;
  const image = <usize>piece / height, row = <usize>piece % height;
  const offset = image * <usize>window.sourceHeight * <usize>window.sourceWidth * step;
  const source = <usize>task.source + offset, taps = <usize>task.taps + offset;
  let to = <usize>task.to + <usize>piece * width * step;
  for (let column: usize = 0; column < width; column++, to += step) {
    const end = meet(window, <i32>row, <i32>column, scratch);
    for (let c: usize = 0; c < step; c += 16) {
      const lanes = (step - c) >> 2;
      // Inlined twice, so that whole vectors are loaded without a question.
      if (lanes >= 4) v128.store(to + c, pooled(task, source + c, taps + c, step, end, 4));
      else storeLanes(to + c, pooled(task, source + c, taps + c, step, end, lanes), lanes);
    }
  }
}

@inline function pooled(task: PoolTask, source: usize, taps: usize, step: usize, end: usize, lanes: usize): v128 {
  switch (task.operation) {
    case Pool.Max: return largest(source, step, end, lanes, false);
    case Pool.MaxTap: return largest(source, step, end, lanes, true);
    case Pool.MaxGradient: return sumOfChosen(source, taps, step, end, lanes);
    case Pool.Mean: return f32x4.div(sum(source, step, end, lanes), f32x4.splat(<f32>((end - scratch) / offsetof<Meeting>())));
    default: return f32x4.mul(sum(source, step, end, lanes), f32x4.splat(task.scale));
  }
}

/** The largest value, or its tap: the first of equal ones. NaN is never larger. */
@inline function largest(source: usize, step: usize, end: usize, lanes: usize, wantsTap: bool): v128 {
  let value = f32x4.splat(-Infinity), tap = i32x4.splat(-1);
  for (let at = scratch; at < end; at += offsetof<Meeting>()) {
    const meeting = changetype<Meeting>(at);
    const x = loadLanes(source + <usize>meeting.position * step, lanes);
    const isLarger = f32x4.gt(x, value);
    value = v128.bitselect(x, value, isLarger);
    if (wantsTap) tap = v128.bitselect(i32x4.splat(meeting.tap), tap, isLarger);
  }
  return wantsTap ? tap : value;
}

@inline function sum(source: usize, step: usize, end: usize, lanes: usize): v128 {
  let sum = f32x4.splat(0);
  for (let at = scratch; at < end; at += offsetof<Meeting>())
    sum = f32x4.add(sum, loadLanes(source + <usize>changetype<Meeting>(at).position * step, lanes));
  return sum;
}

/** The sum of the values whose own tap is the one through which they are met. */
@inline function sumOfChosen(source: usize, taps: usize, step: usize, end: usize, lanes: usize): v128 {
  let sum = f32x4.splat(0);
  for (let at = scratch; at < end; at += offsetof<Meeting>()) {
    const meeting = changetype<Meeting>(at);
    const offset = <usize>meeting.position * step;
    const isChosen = i32x4.eq(loadLanes(taps + offset, lanes), i32x4.splat(meeting.tap));
    sum = f32x4.add(sum, v128.and(isChosen, loadLanes(source + offset, lanes)));
  }
  return sum;
}

export function jobPool(): u32 {
  return poolPiece.index;
}
