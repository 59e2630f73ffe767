/** What functions of rows are made of: loads and stores of their ends, sums and extremes. Rows begin at any float. */
import {multiplyAdd} from './simd';

/** The first `count` (1 to 3) floats of 4, the others as in `fill`. */
@inline export function loadPart(from: usize, count: usize, fill: v128): v128 {
  let x = v128.load32_lane(from, fill, 0);
  if (count > 1) x = v128.load32_lane(from, x, 1, 4);
  if (count > 2) x = v128.load32_lane(from, x, 2, 8);
  return x;
}

/** Stores the first `count` (1 to 3) of 4 floats. */
@inline export function storePart(to: usize, x: v128, count: usize): void {
  v128.store32_lane(to, x, 0);
  if (count > 1) v128.store32_lane(to, x, 1, 4);
  if (count > 2) v128.store32_lane(to, x, 2, 8);
}

@inline export function sumLanes(x: v128): f32 {
  return (f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1)) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3));
}

export function sumRow(x: usize, length: usize): f32 {
  const zero = f32x4.splat(0);
  let a = zero, b = zero, c = zero, d = zero;
  let left = length;
  for (; left >= 16; left -= 16, x += 64) {
    a = f32x4.add(a, v128.load(x));
    b = f32x4.add(b, v128.load(x, 16));
    c = f32x4.add(c, v128.load(x, 32));
    d = f32x4.add(d, v128.load(x, 48));
  }
  for (; left >= 4; left -= 4, x += 16) a = f32x4.add(a, v128.load(x));
  if (left > 0) b = f32x4.add(b, loadPart(x, left, zero));
  return sumLanes(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
}

/** Σ (x - centre)² */
export function squaresOfRow(x: usize, centre: f32, length: usize): f32 {
  const shift = f32x4.splat(centre);
  let a = f32x4.splat(0), b = a, c = a, d = a;
  let left = length;
  for (; left >= 16; left -= 16, x += 64) {
    const e = f32x4.sub(v128.load(x), shift), f = f32x4.sub(v128.load(x, 16), shift);
    const g = f32x4.sub(v128.load(x, 32), shift), h = f32x4.sub(v128.load(x, 48), shift);
    a = multiplyAdd(e, e, a);
    b = multiplyAdd(f, f, b);
    c = multiplyAdd(g, g, c);
    d = multiplyAdd(h, h, d);
  }
  for (; left >= 4; left -= 4, x += 16) {
    const e = f32x4.sub(v128.load(x), shift);
    a = multiplyAdd(e, e, a);
  }
  if (left > 0) {
    const e = f32x4.sub(loadPart(x, left, shift), shift);
    b = multiplyAdd(e, e, b);
  }
  return sumLanes(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
}

/** The largest value, NaN left aside; -infinity where there is none. */
export function maxOfRow(x: usize, length: usize): f32 {
  const lowest = f32x4.splat(-Infinity);
  let a = lowest, b = lowest, c = lowest, d = lowest;
  let left = length;
  for (; left >= 16; left -= 16, x += 64) {
    a = f32x4.pmax(a, v128.load(x));
    b = f32x4.pmax(b, v128.load(x, 16));
    c = f32x4.pmax(c, v128.load(x, 32));
    d = f32x4.pmax(d, v128.load(x, 48));
  }
  for (; left >= 4; left -= 4, x += 16) a = f32x4.pmax(a, v128.load(x));
  if (left > 0) b = f32x4.pmax(b, loadPart(x, left, lowest));
  a = f32x4.pmax(f32x4.pmax(a, b), f32x4.pmax(c, d));
  a = f32x4.pmax(a, v128.shuffle<f32>(a, a, 2, 3, 0, 1));
  return f32x4.extract_lane(f32x4.pmax(a, v128.shuffle<f32>(a, a, 1, 0, 3, 2)), 0);
}

export function scaleRow(x: usize, length: usize, by: f32): void {
  const factor = f32x4.splat(by);
  let left = length;
  for (; left >= 16; left -= 16, x += 64) {
    v128.store(x, f32x4.mul(v128.load(x), factor));
    v128.store(x, f32x4.mul(v128.load(x, 16), factor), 16);
    v128.store(x, f32x4.mul(v128.load(x, 32), factor), 32);
    v128.store(x, f32x4.mul(v128.load(x, 48), factor), 48);
  }
  for (; left >= 4; left -= 4, x += 16) v128.store(x, f32x4.mul(v128.load(x), factor));
  if (left > 0) storePart(x, f32x4.mul(loadPart(x, left, factor), factor), left);
}
