/**
 * Fourier transforms of 16, 32, 64, ... complex numbers, real and imaginary parts apart, after Stockham: passes of radix 4,
 * and one of radix 2 last where the length asks for it, each from one place to another, the result in order.
 *
 * In a pass there are `stride` transforms of N numbers yet to do, whose numbers lie `stride` apart. Vectors are of 4 such
 * transforms; in the first pass, where there is only one, of 4 butterflies.
 */
import {minusProduct, multiplyAdd} from './simd';

/**
 * Bytes from the real to the imaginary parts of numbers in scratch memory: some lines of the cache more than they take, or
 * with powers of two all that a pass reads and writes at a time would share one place in the cache.
 */
@inline export function apart(length: usize): usize {
  return (length << 2) + 192;
}

/** Passes of a transform. */
@inline export function passesOf(length: usize): i32 {
  return (ctz(<i32>length) + 1) >> 1;
}

/** Stores 4 vectors as rows of the 4 x 4 matrix of which they are the columns. */
@inline function storeTransposed(to: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab0 = v128.shuffle<f32>(a, b, 0, 4, 1, 5), ab1 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cd0 = v128.shuffle<f32>(c, d, 0, 4, 1, 5), cd1 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(ab0, cd0, 0, 1, 4, 5));
  v128.store(to, v128.shuffle<f32>(ab0, cd0, 2, 3, 6, 7), 16);
  v128.store(to, v128.shuffle<f32>(ab1, cd1, 0, 1, 4, 5), 32);
  v128.store(to, v128.shuffle<f32>(ab1, cd1, 2, 3, 6, 7), 48);
}

/** `twiddles`: the real and imaginary parts of w, w^2 and w^3 for all butterflies, one array after another. */
function firstPass(length: usize, twiddles: usize, re: usize, im: usize, toRe: usize, toIm: usize): void {
  const quarter = length;  // In bytes: length / 4 floats.
  for (let p: usize = 0; p < quarter; p += 16, re += 16, im += 16, twiddles += 16, toRe += 64, toIm += 64) {
    const a = v128.load(re), c = v128.load(re + 2 * quarter), b = v128.load(re + quarter), d = v128.load(re + 3 * quarter);
    const e = v128.load(im), g = v128.load(im + 2 * quarter), f = v128.load(im + quarter), h = v128.load(im + 3 * quarter);
    const sumRe = f32x4.add(a, c), differenceRe = f32x4.sub(a, c), sumIm = f32x4.add(e, g), differenceIm = f32x4.sub(e, g);
    const otherRe = f32x4.add(b, d), otherIm = f32x4.add(f, h), turnedRe = f32x4.sub(f, h), turnedIm = f32x4.sub(d, b);
    const r1 = f32x4.add(differenceRe, turnedRe), i1 = f32x4.add(differenceIm, turnedIm);
    const r2 = f32x4.sub(sumRe, otherRe), i2 = f32x4.sub(sumIm, otherIm);
    const r3 = f32x4.sub(differenceRe, turnedRe), i3 = f32x4.sub(differenceIm, turnedIm);
    const w1 = v128.load(twiddles), v1 = v128.load(twiddles + quarter);
    const w2 = v128.load(twiddles + 2 * quarter), v2 = v128.load(twiddles + 3 * quarter);
    const w3 = v128.load(twiddles + 4 * quarter), v3 = v128.load(twiddles + 5 * quarter);
    storeTransposed(
      toRe, f32x4.add(sumRe, otherRe), minusProduct(r1, w1, i1, v1), minusProduct(r2, w2, i2, v2), minusProduct(r3, w3, i3, v3),
    );
    storeTransposed(
      toIm, f32x4.add(sumIm, otherIm),
      multiplyAdd(r1, v1, f32x4.mul(i1, w1)), multiplyAdd(r2, v2, f32x4.mul(i2, w2)), multiplyAdd(r3, v3, f32x4.mul(i3, w3)),
    );
  }
}

/** `twiddles`: 6 floats for each of the `count` butterflies of a transform. `stride` in bytes. */
function middlePass(count: usize, stride: usize, twiddles: usize, re: usize, im: usize, toRe: usize, toIm: usize): void {
  const quarter = count * stride;
  for (let p: usize = 0; p < count; p++, twiddles += 24, toRe += 3 * stride, toIm += 3 * stride) {
    const w1 = v128.load32_splat(twiddles), v1 = v128.load32_splat(twiddles, 4);
    const w2 = v128.load32_splat(twiddles, 8), v2 = v128.load32_splat(twiddles, 12);
    const w3 = v128.load32_splat(twiddles, 16), v3 = v128.load32_splat(twiddles, 20);
    for (let q: usize = 0; q < stride; q += 16, re += 16, im += 16, toRe += 16, toIm += 16) {
      const a = v128.load(re), c = v128.load(re + 2 * quarter), b = v128.load(re + quarter), d = v128.load(re + 3 * quarter);
      const e = v128.load(im), g = v128.load(im + 2 * quarter), f = v128.load(im + quarter), h = v128.load(im + 3 * quarter);
      const sumRe = f32x4.add(a, c), differenceRe = f32x4.sub(a, c), sumIm = f32x4.add(e, g), differenceIm = f32x4.sub(e, g);
      const otherRe = f32x4.add(b, d), otherIm = f32x4.add(f, h), turnedRe = f32x4.sub(f, h), turnedIm = f32x4.sub(d, b);
      v128.store(toRe, f32x4.add(sumRe, otherRe));
      v128.store(toIm, f32x4.add(sumIm, otherIm));
      const r1 = f32x4.add(differenceRe, turnedRe), i1 = f32x4.add(differenceIm, turnedIm);
      v128.store(toRe + stride, minusProduct(r1, w1, i1, v1));
      v128.store(toIm + stride, multiplyAdd(r1, v1, f32x4.mul(i1, w1)));
      const r2 = f32x4.sub(sumRe, otherRe), i2 = f32x4.sub(sumIm, otherIm);
      v128.store(toRe + 2 * stride, minusProduct(r2, w2, i2, v2));
      v128.store(toIm + 2 * stride, multiplyAdd(r2, v2, f32x4.mul(i2, w2)));
      const r3 = f32x4.sub(differenceRe, turnedRe), i3 = f32x4.sub(differenceIm, turnedIm);
      v128.store(toRe + 3 * stride, minusProduct(r3, w3, i3, v3));
      v128.store(toIm + 3 * stride, multiplyAdd(r3, v3, f32x4.mul(i3, w3)));
    }
  }
}

/** The last pass, of radix 4: its twiddles are all 1. `stride` in bytes. */
function lastPass4(stride: usize, re: usize, im: usize, toRe: usize, toIm: usize, factor: f32): void {
  const scale = f32x4.splat(factor);
  for (let q: usize = 0; q < stride; q += 16, re += 16, im += 16, toRe += 16, toIm += 16) {
    const a = v128.load(re), c = v128.load(re + 2 * stride), b = v128.load(re + stride), d = v128.load(re + 3 * stride);
    const e = v128.load(im), g = v128.load(im + 2 * stride), f = v128.load(im + stride), h = v128.load(im + 3 * stride);
    const sumRe = f32x4.add(a, c), differenceRe = f32x4.sub(a, c), sumIm = f32x4.add(e, g), differenceIm = f32x4.sub(e, g);
    const otherRe = f32x4.add(b, d), otherIm = f32x4.add(f, h), turnedRe = f32x4.sub(f, h), turnedIm = f32x4.sub(d, b);
    v128.store(toRe, f32x4.mul(f32x4.add(sumRe, otherRe), scale));
    v128.store(toIm, f32x4.mul(f32x4.add(sumIm, otherIm), scale));
    v128.store(toRe + stride, f32x4.mul(f32x4.add(differenceRe, turnedRe), scale));
    v128.store(toIm + stride, f32x4.mul(f32x4.add(differenceIm, turnedIm), scale));
    v128.store(toRe + 2 * stride, f32x4.mul(f32x4.sub(sumRe, otherRe), scale));
    v128.store(toIm + 2 * stride, f32x4.mul(f32x4.sub(sumIm, otherIm), scale));
    v128.store(toRe + 3 * stride, f32x4.mul(f32x4.sub(differenceRe, turnedRe), scale));
    v128.store(toIm + 3 * stride, f32x4.mul(f32x4.sub(differenceIm, turnedIm), scale));
  }
}

/** The last pass, of radix 2, for the real or the imaginary parts. */
function lastPass2(stride: usize, from: usize, to: usize, factor: f32): void {
  const scale = f32x4.splat(factor);
  for (let q: usize = 0; q < stride; q += 16, from += 16, to += 16) {
    const a = v128.load(from), b = v128.load(from + stride);
    v128.store(to, f32x4.mul(f32x4.add(a, b), scale));
    v128.store(to + stride, f32x4.mul(f32x4.sub(a, b), scale));
  }
}

/**
 * Transforms `length` numbers and multiplies them by `scale`. The passes write to places A and B in turn and the last one
 * to A; the input is not changed unless it is A and the number of passes is even, or B and it is odd.
 */
export function stockham(
  length: usize, twiddles: usize, re: usize, im: usize, aRe: usize, aIm: usize, bRe: usize, bIm: usize, scale: f32,
): void {
  let left = passesOf(length) - 1;
  let toRe = left & 1 ? bRe : aRe, toIm = left & 1 ? bIm : aIm;
  firstPass(length, twiddles, re, im, toRe, toIm);
  twiddles += 6 * length;
  let N = length >> 2, stride: usize = 16;
  for (left--; left >= 0; left--, N >>= 2, stride <<= 2) {
    re = toRe;
    im = toIm;
    toRe = left & 1 ? bRe : aRe;
    toIm = left & 1 ? bIm : aIm;
    if (N == 2) {
      lastPass2(stride, re, toRe, scale);
      lastPass2(stride, im, toIm, scale);
    } else if (N == 4) lastPass4(stride, re, im, toRe, toIm, scale);
    else {
      middlePass(N >> 2, stride, twiddles, re, im, toRe, toIm);
      twiddles += 6 * N;
    }
  }
}
