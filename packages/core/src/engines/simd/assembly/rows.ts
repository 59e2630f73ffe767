/** Functions of whole rows: softmax, normalisations, cross entropy, and their gradients. */
import {exp4} from './math';
import {multiplyAdd} from './simd';

/** Rows of a piece. */
@inline const ROWS: usize = 16;

@unmanaged class RowTask {
  rows: u32;
  length: u32;
  /** Inputs and output; which they are, the function says. */
  a: u32;
  b: u32;
  c: u32;
  to: u32;
  epsilon: f32;
  /** Further parameters of the cross entropy. */
  smoothing: f32;
  scale: f32;
  ignored: i32;
}

@inline function sumLanes(x: v128): f32 {
  return (f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1)) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3));
}

/** The first `length` (1 to 4) floats, zeros behind them. */
@inline function loadPart(from: usize, length: usize): v128 {
  let x = v128.load32_zero(from);
  if (length > 1) x = v128.load32_lane(from, x, 1, 4);
  if (length > 2) x = v128.load32_lane(from, x, 2, 8);
  if (length > 3) x = v128.load32_lane(from, x, 3, 12);
  return x;
}

@inline function storePart(to: usize, x: v128, length: usize): void {
  v128.store32_lane(to, x, 0);
  if (length > 1) v128.store32_lane(to, x, 1, 4);
  if (length > 2) v128.store32_lane(to, x, 2, 8);
  if (length > 3) v128.store32_lane(to, x, 3, 12);
}

function sum(x: usize, length: usize): f32 {
  let a = f32x4.splat(0), b = a;
  let i: usize = 0;
  for (; i + 8 <= length; i += 8, x += 32) {
    a = f32x4.add(a, v128.load(x));
    b = f32x4.add(b, v128.load(x, 16));
  }
  for (; i + 4 <= length; i += 4, x += 16) a = f32x4.add(a, v128.load(x));
  if (i < length) b = f32x4.add(b, loadPart(x, length - i));
  return sumLanes(f32x4.add(a, b));
}

/** Σ (x - u)(y - v) */
function centredDot(x: usize, u: f32, y: usize, v: f32, length: usize): f32 {
  const shiftX = f32x4.splat(u), shiftY = f32x4.splat(v);
  let a = f32x4.splat(0);
  let i: usize = 0;
  for (; i + 4 <= length; i += 4, x += 16, y += 16)
    a = multiplyAdd(f32x4.sub(v128.load(x), shiftX), f32x4.sub(v128.load(y), shiftY), a);
  let total = sumLanes(a);
  for (; i < length; i++, x += 4, y += 4) total += (load<f32>(x) - u) * (load<f32>(y) - v);
  return total;
}

/** to = x a + y b + c */
function combineRows(x: usize, a: f32, y: usize, b: f32, c: f32, to: usize, length: usize): void {
  const factorX = f32x4.splat(a), factorY = f32x4.splat(b), shift = f32x4.splat(c);
  let i: usize = 0;
  for (; i + 4 <= length; i += 4, x += 16, y += 16, to += 16)
    v128.store(to, multiplyAdd(v128.load(x), factorX, multiplyAdd(v128.load(y), factorY, shift)));
  if (i < length)
    storePart(to, multiplyAdd(loadPart(x, length - i), factorX, multiplyAdd(loadPart(y, length - i), factorY, shift)), length - i);
}

/** The largest value; NaN where there is one. */
function maximum(x: usize, length: usize): f32 {
  let m = f32x4.splat(-Infinity);
  let i: usize = 0;
  for (; i + 4 <= length; i += 4, x += 16) m = f32x4.max(m, v128.load(x));
  for (; i < length; i++, x += 4) m = f32x4.max(m, v128.load32_splat(x));
  const half = f32x4.max(m, v128.shuffle<f32>(m, m, 2, 3, 0, 1));
  return f32x4.extract_lane(f32x4.max(half, v128.shuffle<f32>(half, half, 1, 0, 3, 2)), 0);
}

/** to = e^(x - shift); returns their sum. With `to` 0, the sum alone. */
function exponentials(x: usize, shift: f32, to: usize, length: usize): f32 {
  const minus = f32x4.splat(shift);
  let total = f32x4.splat(0);
  let i: usize = 0;
  for (; i + 4 <= length; i += 4, x += 16) {
    const e = exp4(f32x4.sub(v128.load(x), minus));
    total = f32x4.add(total, e);
    if (to) v128.store(to + (i << 2), e);
  }
  let result = sumLanes(total);
  for (; i < length; i++, x += 4) {
    const e = f32x4.extract_lane(exp4(f32x4.splat(load<f32>(x) - shift)), 0);
    result += e;
    if (to) store<f32>(to + (i << 2), e);
  }
  return result;
}

/** to = softmax(a) */
function softmaxPiece(args: usize, piece: i32): void {
  const task = changetype<RowTask>(args);
  const length = <usize>task.length;
  const last = min(<usize>task.rows, (<usize>piece + 1) * ROWS);
  for (let row = <usize>piece * ROWS; row < last; row++) {
    const x = <usize>task.a + ((row * length) << 2), to = <usize>task.to + ((row * length) << 2);
    const total = exponentials(x, maximum(x, length), to, length);
    combineRows(to, <f32>1 / total, to, 0, 0, to, length);
  }
}

/** to = a / sqrt(mean(a²) + epsilon) */
function rmsNormPiece(args: usize, piece: i32): void {
  const task = changetype<RowTask>(args);
  const length = <usize>task.length;
  const last = min(<usize>task.rows, (<usize>piece + 1) * ROWS);
  for (let row = <usize>piece * ROWS; row < last; row++) {
    const x = <usize>task.a + ((row * length) << 2);
    const r: f32 = <f32>1 / Mathf.sqrt(centredDot(x, 0, x, 0, length) / <f32>length + task.epsilon);
    combineRows(x, r, x, 0, 0, <usize>task.to + ((row * length) << 2), length);
  }
}

/** a = dy, b = x: to = r (dy - x r² mean(dy x)), r = 1 / sqrt(mean(x²) + epsilon) */
function rmsNormGradientPiece(args: usize, piece: i32): void {
  const task = changetype<RowTask>(args);
  const length = <usize>task.length;
  const last = min(<usize>task.rows, (<usize>piece + 1) * ROWS);
  for (let row = <usize>piece * ROWS; row < last; row++) {
    const dy = <usize>task.a + ((row * length) << 2), x = <usize>task.b + ((row * length) << 2);
    const r: f32 = <f32>1 / Mathf.sqrt(centredDot(x, 0, x, 0, length) / <f32>length + task.epsilon);
    const projection = centredDot(dy, 0, x, 0, length) / <f32>length;
    combineRows(dy, r, x, -r * r * r * projection, 0, <usize>task.to + ((row * length) << 2), length);
  }
}

/** to = (a - mean) / sqrt(variance + epsilon) */
function layerNormPiece(args: usize, piece: i32): void {
  const task = changetype<RowTask>(args);
  const length = <usize>task.length;
  const last = min(<usize>task.rows, (<usize>piece + 1) * ROWS);
  for (let row = <usize>piece * ROWS; row < last; row++) {
    const x = <usize>task.a + ((row * length) << 2);
    const mean = sum(x, length) / <f32>length;
    const r: f32 = <f32>1 / Mathf.sqrt(centredDot(x, mean, x, mean, length) / <f32>length + task.epsilon);
    combineRows(x, r, x, 0, -mean * r, <usize>task.to + ((row * length) << 2), length);
  }
}

/** a = dy, b = x, c = y: to = (dy - mean(dy) - y mean(dy y)) / sqrt(variance + epsilon) */
function layerNormGradientPiece(args: usize, piece: i32): void {
  const task = changetype<RowTask>(args);
  const length = <usize>task.length;
  const last = min(<usize>task.rows, (<usize>piece + 1) * ROWS);
  for (let row = <usize>piece * ROWS; row < last; row++) {
    const at = (row * length) << 2;
    const dy = <usize>task.a + at, x = <usize>task.b + at, y = <usize>task.c + at;
    const mean = sum(x, length) / <f32>length;
    const r: f32 = <f32>1 / Mathf.sqrt(centredDot(x, mean, x, mean, length) / <f32>length + task.epsilon);
    const meanGradient = sum(dy, length) / <f32>length;
    const projection = centredDot(dy, 0, y, 0, length) / <f32>length;
    combineRows(dy, r, y, -r * projection, -r * meanGradient, <usize>task.to + at, length);
  }
}

/** a = logits, b = targets (int32): to[row] = its cross entropy, 0 where the target is ignored, NaN where it is no class. */
function crossEntropyPiece(args: usize, piece: i32): void {
  const task = changetype<RowTask>(args);
  const length = <usize>task.length;
  const last = min(<usize>task.rows, (<usize>piece + 1) * ROWS);
  for (let row = <usize>piece * ROWS; row < last; row++) {
    const x = <usize>task.a + ((row * length) << 2), to = <usize>task.to + (row << 2);
    const target = load<i32>(<usize>task.b + (row << 2));
    if (target == task.ignored) {
      store<f32>(to, 0);
      continue;
    }
    if (target < 0 || target >= <i32>length) {
      store<f32>(to, NaN);
      continue;
    }
    const largest = maximum(x, length);
    const logSumExp = largest + Mathf.log(exponentials(x, largest, 0, length));
    let loss = logSumExp - load<f32>(x + (<usize>target << 2));
    if (task.smoothing != 0)
      loss = (<f32>1 - task.smoothing) * loss + task.smoothing * (logSumExp - sum(x, length) / <f32>length);
    store<f32>(to, loss);
  }
}

/** a = logits, b = targets: to = scale (softmax - (1 - smoothing) oneHot - smoothing / classes), 0 where ignored. */
function crossEntropyGradientPiece(args: usize, piece: i32): void {
  const task = changetype<RowTask>(args);
  const length = <usize>task.length;
  const last = min(<usize>task.rows, (<usize>piece + 1) * ROWS);
  for (let row = <usize>piece * ROWS; row < last; row++) {
    const x = <usize>task.a + ((row * length) << 2), to = <usize>task.to + ((row * length) << 2);
    const target = load<i32>(<usize>task.b + (row << 2));
    if (target == task.ignored) {
      memory.fill(to, 0, length << 2);
      continue;
    }
    const total = exponentials(x, maximum(x, length), to, length);
    combineRows(to, task.scale / total, to, 0, -task.scale * task.smoothing / <f32>length, to, length);
    if (target < 0 || target >= <i32>length) continue;
    const at = to + (<usize>target << 2);
    store<f32>(at, load<f32>(at) - task.scale * (<f32>1 - task.smoothing));
  }
}

export function jobSoftmax(): u32 {
  return softmaxPiece.index;
}
export function jobRmsNorm(): u32 {
  return rmsNormPiece.index;
}
export function jobRmsNormGradient(): u32 {
  return rmsNormGradientPiece.index;
}
export function jobLayerNorm(): u32 {
  return layerNormPiece.index;
}
export function jobLayerNormGradient(): u32 {
  return layerNormGradientPiece.index;
}
export function jobCrossEntropy(): u32 {
  return crossEntropyPiece.index;
}
export function jobCrossEntropyGradient(): u32 {
  return crossEntropyGradientPiece.index;
}
