/**
 * Connectionist temporal classification, see `kernels/ctc-loss`: sums over the alignments of a target forwards, and backwards
 * for the gradient. A sample is done by one thread; its states are two rows, of labels and of the blanks before them, four
 * states at a time.
 */
import {expNegative4, log4} from './math';
import {maxOfRow, sumLanes} from './row-parts';
import {scratch} from './runtime';
import {exponentials, scaledSoftmax} from './softmax';

@unmanaged class CtcTask {
  /** [batch, time, classes] */
  logits: u32;
  /** [batch, time, 2]: the largest logit, and log of the sum of e^(logit - largest). */
  normalizer: u32;
  /** int32 [batch, labels], and the lengths of each. */
  targets: u32;
  inputLengths: u32;
  targetLengths: u32;
  /** [batch, time, 2, lanes] */
  alphas: u32;
  /** [batch] */
  losses: u32;
  /** Gradients of the losses, and of the logits. */
  lossGradients: u32;
  to: u32;
  /** Room for a {@link Sample}'s rows, for each. */
  room: u32;
  batch: u32;
  time: u32;
  classes: u32;
  labels: u32;
  /** States of a row, a multiple of 4. */
  lanes: u32;
  blank: u32;
  pieceRows: u32;
}

/** log 0; sums of two of it are finite. */
@inline const IMPOSSIBLE: f32 = -1e38;
/** What is below is no sum of alignments. */
@inline const POSSIBLE: f32 = -5e37;

/** Rows of `lanes` floats of a sample's room; `skips` has 4 more behind it. */
@inline const ROOM_ROWS: usize = 8;

/** A target as rows, and how many vectors of states it has. */
@unmanaged class Sample {
  /** Bytes from a frame's logits to those of each label's class. */
  offsets: usize;
  /** 0 where there is a label, else log 0. */
  closed: usize;
  /** Two rows of states, labels and blanks: before the first frame or behind the last. */
  states: usize;
  /** Two rows of states. */
  sums: usize;
  /** 0 where a label may follow the one before it at once, else log 0. */
  skips: usize;
  vectors: usize;
  labels: usize;
  frames: usize;
  rowBytes: usize;
  /** What the next states are less by. */
  shift: f32;
  isValid: bool;
}

/** Reads a sample's target; not valid where a length or a label is none. */
function readSample(task: CtcTask, index: usize, sample: Sample): void {
  const rowBytes = <usize>task.lanes << 2;
  sample.rowBytes = rowBytes;
  sample.offsets = <usize>task.room + index * (ROOM_ROWS * rowBytes + 16);
  sample.closed = sample.offsets + rowBytes;
  sample.states = sample.closed + rowBytes;
  sample.sums = sample.states + 2 * rowBytes;
  sample.skips = sample.sums + 2 * rowBytes;
  const labels = load<u32>(<usize>task.targetLengths + (index << 2)), frames = load<u32>(<usize>task.inputLengths + (index << 2));
  sample.isValid = labels <= task.labels && frames <= task.time;
  if (!sample.isValid) return;
  sample.labels = <usize>labels;
  sample.frames = <usize>frames;
  sample.vectors = (<usize>labels + 4) >> 2;
  const target = <usize>task.targets + ((index * <usize>task.labels) << 2);
  let before = task.blank;
  for (let i: usize = 0, end = sample.vectors << 2; i <= end; i++) {
    const isLabel = i < sample.labels;
    const label = isLabel ? load<u32>(target + (i << 2)) : task.blank;
    if (isLabel && (label >= task.classes || label == task.blank)) sample.isValid = false;
    store<f32>(sample.skips + (i << 2), i > 0 && isLabel && label != before ? 0 : IMPOSSIBLE);
    before = label;
    if (i == end) break;
    store<u32>(sample.offsets + (i << 2), label << 2);
    store<f32>(sample.closed + (i << 2), isLabel ? 0 : IMPOSSIBLE);
  }
}

/** All states impossible but one blank. */
function startStates(sample: Sample, at: usize): void {
  const none = f32x4.splat(IMPOSSIBLE);
  for (let i: usize = 0, end = sample.vectors << 4; i < end; i += 16) {
    v128.store(sample.states + i, none);
    v128.store(sample.states + sample.rowBytes + i, none);
  }
  store<f32>(sample.states + sample.rowBytes + (at << 2), 0);
}

@inline function logSum2(a: v128, b: v128): v128 {
  const high = f32x4.max(a, b);
  return f32x4.add(high, log4(f32x4.add(f32x4.splat(1), expNegative4(f32x4.sub(f32x4.min(a, b), high)))));
}

@inline function logSum3(a: v128, b: v128, c: v128): v128 {
  const ab = f32x4.max(a, b), high = f32x4.max(ab, c);
  const low = expNegative4(f32x4.sub(f32x4.min(a, b), high)), middle = expNegative4(f32x4.sub(f32x4.min(ab, c), high));
  return f32x4.add(high, log4(f32x4.add(f32x4.add(f32x4.splat(1), low), middle)));
}

/** Logits of four labels. */
@inline function gather4(logits: usize, offsets: usize): v128 {
  let x = v128.load32_zero(logits + <usize>load<u32>(offsets));
  x = v128.load32_lane(logits + <usize>load<u32>(offsets, 4), x, 1);
  x = v128.load32_lane(logits + <usize>load<u32>(offsets, 8), x, 2);
  return v128.load32_lane(logits + <usize>load<u32>(offsets, 12), x, 3);
}

@inline function largestLane(x: v128): f32 {
  return max(
    max(f32x4.extract_lane(x, 0), f32x4.extract_lane(x, 1)),
    max(f32x4.extract_lane(x, 2), f32x4.extract_lane(x, 3)),
  );
}

/** By how much states are shifted, so that the largest is 0; not at all where none is possible. */
@inline function shiftOf(largest: v128): f32 {
  const most = largestLane(largest);
  return most < POSSIBLE ? 0 : most;
}

/** A frame's states from those before it, less `shift`; returns the largest of each lane. */
function forwardFrame(task: CtcTask, sample: Sample, logits: usize, normalizer: usize, from: usize, to: usize, shift: f32): v128 {
  const none = f32x4.splat(IMPOSSIBLE), largest = v128.load32_splat(normalizer);
  const logSum = v128.load32_splat(normalizer, 4), less = f32x4.splat(shift);
  const ofBlank = f32x4.sub(f32x4.sub(v128.load32_splat(logits + (<usize>task.blank << 2)), largest), logSum);
  const blankLess = f32x4.sub(ofBlank, less);
  let labelsBefore = none, most = none;
  const rowBytes = sample.rowBytes;
  for (let i: usize = 0, end = sample.vectors << 4; i < end; i += 16) {
    const label = v128.load(from + i), blank = v128.load(from + rowBytes + i);
    const before = v128.shuffle<f32>(labelsBefore, label, 3, 4, 5, 6);
    labelsBefore = label;
    let ofLabel = f32x4.sub(f32x4.sub(gather4(logits, sample.offsets + i), largest), logSum);
    ofLabel = f32x4.add(f32x4.sub(ofLabel, less), v128.load(sample.closed + i));
    const nextLabel = f32x4.max(none, f32x4.add(logSum3(label, blank, f32x4.add(before, v128.load(sample.skips + i))), ofLabel));
    const nextBlank = f32x4.max(none, f32x4.add(logSum2(blank, before), blankLess));
    v128.store(to + i, nextLabel);
    v128.store(to + rowBytes + i, nextBlank);
    most = f32x4.max(most, f32x4.max(nextLabel, nextBlank));
  }
  return most;
}

/** Piece: a sample. */
function ctcPiece(args: usize, piece: i32): void {
  const task = changetype<CtcTask>(args);
  const sample = changetype<Sample>(scratch);
  const index = <usize>piece, lossAt = <usize>task.losses + (index << 2);
  readSample(task, index, sample);
  if (!sample.isValid) {
    store<f32>(lossAt, NaN);
    return;
  }
  const frameBytes = <usize>task.classes << 2, stateBytes = 2 * sample.rowBytes;
  let logits = <usize>task.logits + index * <usize>task.time * frameBytes;
  let normalizer = <usize>task.normalizer + ((index * <usize>task.time) << 3);
  let to = <usize>task.alphas + index * <usize>task.time * stateBytes;
  startStates(sample, 0);
  let from = sample.states, shift: f32 = 0, total: f64 = 0;
  for (let t: usize = 0; t < sample.frames; t++) {
    total += <f64>shift;
    shift = shiftOf(forwardFrame(task, sample, logits, normalizer, from, to, shift));
    from = to;
    to += stateBytes;
    logits += frameBytes;
    normalizer += 8;
  }
  const blank = load<f32>(from + sample.rowBytes + (sample.labels << 2));
  const label = sample.labels > 0 ? load<f32>(from + ((sample.labels - 1) << 2)) : IMPOSSIBLE;
  const end = f32x4.extract_lane(logSum2(f32x4.splat(blank), f32x4.splat(label)), 0);
  store<f32>(lossAt, end < POSSIBLE ? Infinity : <f32>(0 - total - <f64>end));
}

/**
 * Turns the states behind a frame, in place, into those with it, less `shift`, and writes the logarithms of its states'
 * shares, less some number, to `sums`. Returns the largest of each lane; `sample.shift` is for the next frame.
 */
function backwardFrame(task: CtcTask, sample: Sample, logits: usize, normalizer: usize, alphas: usize, shift: f32): v128 {
  const none = f32x4.splat(IMPOSSIBLE), largest = v128.load32_splat(normalizer);
  const logSum = v128.load32_splat(normalizer, 4), less = f32x4.splat(shift);
  const ofBlank = f32x4.sub(f32x4.sub(v128.load32_splat(logits + (<usize>task.blank << 2)), largest), logSum);
  const blankLess = f32x4.sub(ofBlank, less);
  let labelsBehind = none, blanksBehind = none, most = none, mostSum = f32x4.splat(-Infinity);
  const rowBytes = sample.rowBytes, states = sample.states, sums = sample.sums;
  for (let i = sample.vectors << 4; i > 0; ) {
    i -= 16;
    const label = v128.load(states + i), blank = v128.load(states + rowBytes + i);
    const labelBehind = v128.shuffle<f32>(label, labelsBehind, 1, 2, 3, 4);
    const blankBehind = v128.shuffle<f32>(blank, blanksBehind, 1, 2, 3, 4);
    labelsBehind = label;
    blanksBehind = blank;
    const skipped = f32x4.add(labelBehind, v128.load(sample.skips + i, 4));
    const betaLabel = logSum3(label, blankBehind, skipped), betaBlank = logSum2(blank, label);
    const sumLabel = f32x4.add(betaLabel, v128.load(alphas + i)), sumBlank = f32x4.add(betaBlank, v128.load(alphas + rowBytes + i));
    v128.store(sums + i, sumLabel);
    v128.store(sums + rowBytes + i, sumBlank);
    mostSum = f32x4.max(mostSum, f32x4.max(sumLabel, sumBlank));
    let ofLabel = f32x4.sub(f32x4.sub(gather4(logits, sample.offsets + i), largest), logSum);
    ofLabel = f32x4.add(f32x4.sub(ofLabel, less), v128.load(sample.closed + i));
    const nextLabel = f32x4.max(none, f32x4.add(betaLabel, ofLabel));
    const nextBlank = f32x4.max(none, f32x4.add(betaBlank, blankLess));
    v128.store(states + i, nextLabel);
    v128.store(states + rowBytes + i, nextBlank);
    most = f32x4.max(most, f32x4.max(nextLabel, nextBlank));
  }
  sample.shift = shiftOf(most);
  return mostSum;
}

/** Takes each class's share of the alignments, times `scale`, from a frame's gradient. */
function takeShares(task: CtcTask, sample: Sample, most: f32, to: usize, scale: f32): void {
  const shift = f32x4.splat(most), labels = sample.sums, blanks = labels + sample.rowBytes;
  let sumOfLabels = f32x4.splat(0), sumOfBlanks = sumOfLabels;
  for (let i: usize = 0, end = sample.vectors << 4; i < end; i += 16) {
    const label = expNegative4(f32x4.sub(v128.load(labels + i), shift));
    v128.store(labels + i, label);
    sumOfLabels = f32x4.add(sumOfLabels, label);
    sumOfBlanks = f32x4.add(sumOfBlanks, expNegative4(f32x4.sub(v128.load(blanks + i), shift)));
  }
  const ofBlanks = sumLanes(sumOfBlanks), factor = scale / (ofBlanks + sumLanes(sumOfLabels));
  const blankAt = to + (<usize>task.blank << 2);
  store<f32>(blankAt, load<f32>(blankAt) - factor * ofBlanks);
  for (let i: usize = 0, end = sample.labels << 2; i < end; i += 4) {
    const at = to + <usize>load<u32>(sample.offsets + i);
    store<f32>(at, load<f32>(at) - factor * load<f32>(labels + i));
  }
}

/** Piece: a sample, whose gradient is its frames' softmax. */
function ctcGradientPiece(args: usize, piece: i32): void {
  const task = changetype<CtcTask>(args);
  const sample = changetype<Sample>(scratch);
  const index = <usize>piece;
  const scale = scaleOf(task, index);
  if (scale == 0) return;
  readSample(task, index, sample);
  if (!sample.isValid) return;
  startStates(sample, sample.labels);
  const frameBytes = <usize>task.classes << 2, stateBytes = 2 * sample.rowBytes;
  sample.shift = 0;
  for (let t = sample.frames; t > 0; ) {
    const frame = index * <usize>task.time + --t;
    const logits = <usize>task.logits + frame * frameBytes, alphas = <usize>task.alphas + frame * stateBytes;
    const most = backwardFrame(task, sample, logits, <usize>task.normalizer + (frame << 3), alphas, sample.shift);
    takeShares(task, sample, largestLane(most), <usize>task.to + frame * frameBytes, scale);
  }
}

/** What a sample's gradient is multiplied by: 0 where no alignment is possible, NaN where the loss is. */
function scaleOf(task: CtcTask, index: usize): f32 {
  const loss = load<f32>(<usize>task.losses + (index << 2));
  if (loss == Infinity) return 0;
  return loss == loss ? load<f32>(<usize>task.lossGradients + (index << 2)) : NaN;
}

@inline function isFrame(task: CtcTask, row: usize): bool {
  return row % <usize>task.time < <usize>load<u32>(<usize>task.inputLengths + ((row / <usize>task.time) << 2));
}

/** Piece: the normalizers of some frames. */
function ctcNormalizerPiece(args: usize, piece: i32): void {
  const task = changetype<CtcTask>(args);
  const classes = <usize>task.classes, first = <usize>piece * <usize>task.pieceRows;
  const last = min(<usize>task.batch * <usize>task.time, first + <usize>task.pieceRows);
  for (let row = first; row < last; row++) {
    const x = <usize>task.logits + ((row * classes) << 2), at = <usize>task.normalizer + (row << 3);
    if (!isFrame(task, row)) continue;
    const largest = maxOfRow(x, classes);
    store<f32>(at, largest);
    store<f32>(at, f32x4.extract_lane(log4(f32x4.splat(exponentials(x, largest, 0, classes))), 0), 4);
  }
}

/** Piece: the softmax of some frames, times the gradient of their sample's loss; 0 behind its end. */
function ctcSoftmaxPiece(args: usize, piece: i32): void {
  const task = changetype<CtcTask>(args);
  const classes = <usize>task.classes, first = <usize>piece * <usize>task.pieceRows;
  const last = min(<usize>task.batch * <usize>task.time, first + <usize>task.pieceRows);
  for (let row = first; row < last; row++) {
    const offset = (row * classes) << 2, to = <usize>task.to + offset;
    const scale = isFrame(task, row) ? scaleOf(task, row / <usize>task.time) : 0;
    if (scale == 0) memory.fill(to, 0, classes << 2);
    else scaledSoftmax(<usize>task.logits + offset, <usize>task.normalizer + (row << 3), scale, 0, to, classes);
  }
}

export function jobCtc(): u32 {
  return ctcPiece.index;
}
export function jobCtcNormalizer(): u32 {
  return ctcNormalizerPiece.index;
}
export function jobCtcSoftmax(): u32 {
  return ctcSoftmaxPiece.index;
}
export function jobCtcGradient(): u32 {
  return ctcGradientPiece.index;
}
