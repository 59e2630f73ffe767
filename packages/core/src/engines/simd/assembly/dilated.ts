/**
 * Dilated attention's way in and out: the rows that the heads keep of each segment, and what was found for them merged at
 * every position. `kernels/dilated` has the mathematics.
 */
import {loadLanes, storeLanes} from './lanes';
import {expNegative4, log4} from './math';
import {scratch} from './runtime';
import {multiplyAdd} from './simd';

@unmanaged class DilatedTask {
  /** [batch, time, heads, size] */
  dense: u32;
  /** Merging: the log-sum-exps of all patterns, [batch, time, heads]. */
  logSumExp: u32;
  /** The gradient of merging: those of both. */
  dDense: u32;
  dLogSumExp: u32;
  /** 1 where the shares of the patterns are differentiated. */
  differentiateShares: u32;
  time: u32;
  heads: u32;
  size: u32;
  /** Patterns that follow. */
  patterns: u32;
}

@unmanaged class Pattern {
  /** Positions of a segment, segments of a sequence, rows of a segment. */
  length: u32;
  segments: u32;
  rows: u32;
  dilation: u32;
  headsPerOffset: u32;
  /** [batch, segments, heads, rows, size] */
  kept: u32;
  /** [batch, segments, heads, rows] */
  keptLogSumExp: u32;
  /** The gradients of both. */
  dKept: u32;
  dKeptLogSumExp: u32;
  /** Pieces of jobs that go by patterns: heads of segments. */
  pieces: u32;
}

/** Positions of a piece of the jobs that go by positions. */
@inline const POSITIONS: i32 = 64;

@inline function firstPattern(args: usize): usize {
  return args + offsetof<DilatedTask>();
}
@inline function endPattern(args: usize): usize {
  return firstPattern(args) + <usize>changetype<DilatedTask>(args).patterns * offsetof<Pattern>();
}

/** What {@link findKept} found of a pattern at a position: the heads that keep it, and the row of the first; then `rows` apart. */
let fromHead: usize = 0;
let toHead: usize = 0;
let firstRow: usize = 0;

@inline function findKept(task: DilatedTask, pattern: Pattern, sequence: usize, t: usize): void {
  const heads = <usize>task.heads, length = <usize>pattern.length, dilation = <usize>pattern.dilation;
  const segment = t / length, within = t % length;
  fromHead = (within % dilation) * <usize>pattern.headsPerOffset;
  toHead = min(heads, fromHead + <usize>pattern.headsPerOffset);
  firstRow = ((sequence * <usize>pattern.segments + segment) * heads + fromHead) * <usize>pattern.rows + within / dilation;
}

function copyRow(from: usize, to: usize, size: usize): void {
  let left = <isize>size;
  for (; left >= 4; left -= 4, from += 16, to += 16) v128.store(to, v128.load(from));
  if (left > 0) storeLanes(to, loadLanes(from, left), left);
}

/** to += by · from */
function addRow(from: usize, to: usize, size: usize, by: v128): void {
  let left = <isize>size;
  for (; left >= 4; left -= 4, from += 16, to += 16) v128.store(to, multiplyAdd(v128.load(from), by, v128.load(to)));
  if (left > 0) storeLanes(to, multiplyAdd(loadLanes(from, left), by, loadLanes(to, left)), left);
}

function dotRow(a: usize, b: usize, size: usize): f32 {
  let sum = f32x4.splat(0), left = <isize>size;
  for (; left >= 4; left -= 4, a += 16, b += 16) sum = multiplyAdd(v128.load(a), v128.load(b), sum);
  if (left > 0) sum = multiplyAdd(loadLanes(a, left), loadLanes(b, left), sum);
  return (f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1)) + (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3));
}

@inline function exponential(x: f32): f32 {
  return f32x4.extract_lane(expNegative4(f32x4.splat(x)), 0);
}

/** What a piece of the jobs that go by patterns is about. */
let pieceHead: usize = 0;
/** The first of its rows. */
let pieceRow: usize = 0;
/** The first position that the head keeps of the segment, among those of all sequences; and how many rows are positions. */
let piecePosition: usize = 0;
let pieceCount: usize = 0;

/** Finds them, and the pattern. */
function findPiece(args: usize, piece: i32): Pattern {
  const task = changetype<DilatedTask>(args), heads = <usize>task.heads, time = <usize>task.time;
  let pattern = changetype<Pattern>(firstPattern(args)), left = <u32>piece;
  while (left >= pattern.pieces) {
    left -= pattern.pieces;
    pattern = changetype<Pattern>(changetype<usize>(pattern) + offsetof<Pattern>());
  }
  const length = <usize>pattern.length, dilation = <usize>pattern.dilation;
  pieceHead = <usize>left % heads;
  const segment = <usize>left / heads, sequence = segment / <usize>pattern.segments;
  const start = (segment % <usize>pattern.segments) * length, offset = pieceHead / <usize>pattern.headsPerOffset;
  const present = min(length, time - start);
  pieceRow = <usize>left * <usize>pattern.rows;
  piecePosition = sequence * time + start + offset;
  pieceCount = present > offset ? (present - offset + dilation - 1) / dilation : 0;
  return pattern;
}

/** Piece: a head of a segment of a pattern. */
function rowsPiece(args: usize, piece: i32): void {
  const pattern = findPiece(args, piece), task = changetype<DilatedTask>(args);
  const size = <usize>task.size, row = size << 2, step = <usize>pattern.dilation * <usize>task.heads * row;
  let from = <usize>task.dense + (piecePosition * <usize>task.heads + pieceHead) * row;
  let to = <usize>pattern.kept + pieceRow * row;
  for (let j: usize = 0; j < pieceCount; j++, from += step, to += row) copyRow(from, to, size);
  memory.fill(to, 0, (<usize>pattern.rows - pieceCount) * row);
}

/** Piece: some positions of a sequence. What the patterns have of each is added up. */
function rowsGradientPiece(args: usize, piece: i32): void {
  const task = changetype<DilatedTask>(args), time = <usize>task.time, size = <usize>task.size, row = size << 2;
  const blocks = (time + POSITIONS - 1) / POSITIONS, sequence = <usize>piece / blocks;
  const first = (<usize>piece % blocks) * POSITIONS, end = min(time, first + POSITIONS), heads = <usize>task.heads;
  const one = f32x4.splat(1), last = endPattern(args);
  for (let t = first; t < end; t++) {
    const to = <usize>task.dense + (sequence * time + t) * heads * row;
    memory.fill(to, 0, heads * row);
    for (let at = firstPattern(args); at < last; at += offsetof<Pattern>()) {
      const pattern = changetype<Pattern>(at);
      findKept(task, pattern, sequence, t);
      let from = <usize>pattern.kept + firstRow * row;
      for (let h = fromHead; h < toHead; h++, from += <usize>pattern.rows * row) addRow(from, to + h * row, size, one);
    }
  }
}

/** Piece: some positions of a sequence. */
function mergePiece(args: usize, piece: i32): void {
  const task = changetype<DilatedTask>(args), time = <usize>task.time, size = <usize>task.size, row = size << 2;
  const blocks = (time + POSITIONS - 1) / POSITIONS, sequence = <usize>piece / blocks;
  const first = (<usize>piece % blocks) * POSITIONS, end = min(time, first + POSITIONS), heads = <usize>task.heads;
  const maxima = scratch, sums = scratch + (heads << 2), last = endPattern(args);
  for (let t = first; t < end; t++) {
    const place = (sequence * time + t) * heads, to = <usize>task.dense + place * row, total = <usize>task.logSumExp + (place << 2);
    memory.fill(to, 0, heads * row);
    for (let h: usize = 0; h < heads; h++) {
      store<f32>(maxima + (h << 2), -Infinity);
      store<f32>(sums + (h << 2), 0);
    }
    for (let at = firstPattern(args); at < last; at += offsetof<Pattern>()) {
      const pattern = changetype<Pattern>(at);
      findKept(task, pattern, sequence, t);
      let lse = <usize>pattern.keptLogSumExp + (firstRow << 2);
      for (let h = fromHead; h < toHead; h++, lse += <usize>pattern.rows << 2)
        store<f32>(maxima + (h << 2), max(load<f32>(maxima + (h << 2)), load<f32>(lse)));
    }
    for (let at = firstPattern(args); at < last; at += offsetof<Pattern>()) {
      const pattern = changetype<Pattern>(at);
      findKept(task, pattern, sequence, t);
      let lse = <usize>pattern.keptLogSumExp + (firstRow << 2);
      for (let h = fromHead; h < toHead; h++, lse += <usize>pattern.rows << 2) {
        const shift = load<f32>(maxima + (h << 2)), sum = sums + (h << 2);
        if (shift > -Infinity) store<f32>(sum, load<f32>(sum) + exponential(load<f32>(lse) - shift));
      }
    }
    for (let h: usize = 0; h < heads; h++) {
      const sum = load<f32>(sums + (h << 2)), log = f32x4.extract_lane(log4(f32x4.splat(sum)), 0);
      store<f32>(total + (h << 2), sum > 0 ? load<f32>(maxima + (h << 2)) + log : -Infinity);
    }
    for (let at = firstPattern(args); at < last; at += offsetof<Pattern>()) {
      const pattern = changetype<Pattern>(at), rows = <usize>pattern.rows;
      findKept(task, pattern, sequence, t);
      let at4 = firstRow;
      for (let h = fromHead; h < toHead; h++, at4 += rows) {
        const sum = load<f32>(sums + (h << 2));
        if (sum == 0) continue;
        const lse = load<f32>(<usize>pattern.keptLogSumExp + (at4 << 2));
        const share = exponential(lse - load<f32>(maxima + (h << 2))) / sum;
        addRow(<usize>pattern.kept + at4 * row, to + h * row, size, f32x4.splat(share));
      }
    }
  }
}

/** Piece: a head of a segment of a pattern. */
function mergeGradientPiece(args: usize, piece: i32): void {
  const pattern = findPiece(args, piece), task = changetype<DilatedTask>(args);
  const heads = <usize>task.heads, size = <usize>task.size, row = size << 2, step = <usize>pattern.dilation * heads;
  let place = piecePosition * heads + pieceHead, at = pieceRow;
  for (let j: usize = 0; j < pieceCount; j++, place += step, at++) {
    const total = load<f32>(<usize>task.logSumExp + (place << 2));
    const share: f32 = total > -Infinity ? exponential(load<f32>(<usize>pattern.keptLogSumExp + (at << 2)) - total) : 0;
    const dOut = <usize>task.dDense + place * row, to = <usize>pattern.dKept + at * row;
    memory.fill(to, 0, row);
    addRow(dOut, to, size, f32x4.splat(share));
    let change = load<f32>(<usize>task.dLogSumExp + (place << 2));
    if (task.differentiateShares)
      change += dotRow(dOut, <usize>pattern.kept + at * row, size) - dotRow(dOut, <usize>task.dense + place * row, size);
    store<f32>(<usize>pattern.dKeptLogSumExp + (at << 2), share * change);
  }
  const left = <usize>pattern.rows - pieceCount;
  memory.fill(<usize>pattern.dKept + at * row, 0, left * row);
  memory.fill(<usize>pattern.dKeptLogSumExp + (at << 2), 0, left << 2);
}

export function jobDilatedRows(): u32 {
  return rowsPiece.index;
}
export function jobDilatedRowsGradient(): u32 {
  return rowsGradientPiece.index;
}
export function jobDilatedMerge(): u32 {
  return mergePiece.index;
}
export function jobDilatedMergeGradient(): u32 {
  return mergeGradientPiece.index;
}
