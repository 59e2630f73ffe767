/** Softmax of rows. */
import {expNegative4} from './math';
import {loadPart, maxOfRow, scaleRow, storePart, sumLanes} from './row-parts';
import {multiplyAdd} from './simd';

@unmanaged class SoftmaxTask {
  from: u32;
  to: u32;
  rows: u32;
  length: u32;
  pieceRows: u32;
}

/**
 * to = e^(x - largest), where `largest` is the largest value of the row; returns their sum. With `to` 0 the sum alone.
 * NaN where a value is.
 */
@inline export function exponentials(x: usize, largest: f32, to: usize, length: usize): f32 {
  const shift = f32x4.splat(largest);
  let a = f32x4.splat(0), b = a;
  let left = length;
  for (; left >= 8; left -= 8, x += 32) {
    const e = expNegative4(f32x4.sub(v128.load(x), shift)), f = expNegative4(f32x4.sub(v128.load(x, 16), shift));
    a = f32x4.add(a, e);
    b = f32x4.add(b, f);
    if (to) {
      v128.store(to, e);
      v128.store(to, f, 16);
      to += 32;
    }
  }
  if (left >= 4) {
    const e = expNegative4(f32x4.sub(v128.load(x), shift));
    a = f32x4.add(a, e);
    if (to) {
      v128.store(to, e);
      to += 16;
    }
    x += 16;
    left -= 4;
  }
  if (left > 0) {
    const e = expNegative4(f32x4.sub(loadPart(x, left, f32x4.splat(-Infinity)), shift));
    b = f32x4.add(b, e);
    if (to) storePart(to, e, left);
  }
  return sumLanes(f32x4.add(a, b));
}

@inline function softmax4(x: v128, largest: v128, logSum: v128): v128 {
  return expNegative4(f32x4.sub(f32x4.sub(x, largest), logSum));
}

/** to = scale e^(x - largest - logSum) + offset, with the two numbers of `normalizer`. */
export function scaledSoftmax(x: usize, normalizer: usize, scale: f32, offset: f32, to: usize, length: usize): void {
  const largest = v128.load32_splat(normalizer), logSum = v128.load32_splat(normalizer, 4);
  const factor = f32x4.splat(scale), shift = f32x4.splat(offset);
  let left = length;
  for (; left >= 8; left -= 8, x += 32, to += 32) {
    const p = softmax4(v128.load(x), largest, logSum), q = softmax4(v128.load(x, 16), largest, logSum);
    v128.store(to, multiplyAdd(p, factor, shift));
    v128.store(to, multiplyAdd(q, factor, shift), 16);
  }
  if (left >= 4) {
    v128.store(to, multiplyAdd(softmax4(v128.load(x), largest, logSum), factor, shift));
    left -= 4;
    x += 16;
    to += 16;
  }
  if (left > 0)
    storePart(to, multiplyAdd(softmax4(loadPart(x, left, largest), largest, logSum), factor, shift), left);
}

function softmaxRow(x: usize, to: usize, length: usize): void {
  scaleRow(to, length, <f32>1 / exponentials(x, maxOfRow(x, length), to, length));
}

/** Piece: some rows. */
function softmaxPiece(args: usize, piece: i32): void {
  const task = changetype<SoftmaxTask>(args);
  const length = <usize>task.length, first = <usize>piece * <usize>task.pieceRows;
  const last = min(<usize>task.rows, first + <usize>task.pieceRows);
  for (let row = first; row < last; row++) {
    const offset = (row * length) << 2;
    softmaxRow(<usize>task.from + offset, <usize>task.to + offset, length);
  }
}

export function jobSoftmax(): u32 {
  return softmaxPiece.index;
}
