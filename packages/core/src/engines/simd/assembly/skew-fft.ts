/**
 * Transforms that make a product of the convolution of real numbers whose end wraps around to their start with the other
 * sign, for 4 channels at a time, a lane each.
 *
 * 2m real numbers, as the coefficients of a polynomial modulo z^2m + 1, are m complex ones modulo z^m - i: number j is the
 * real part of point j, and number m + j its imaginary part. A transform splits z^m - s into z^(m/4) - r u with r^4 = s and
 * u = 1, -1, i, -i, and so on down to single points: values at points of the unit circle, of which products are taken one
 * by one and the conjugate of which is a correlation's. Nothing has to be put in order, and a block's factors are the same
 * for all of it. Other lengths begin with a split in 3 or 2.
 *
 * A point is 32 bytes: 4 real parts, then 4 imaginary ones. Each block of points has 6 floats of factors, r, r^2 and r^3,
 * the blocks of one length after those of the next longer one; see `kernels/skew-fft.ts`.
 */
import {constant, minusProduct, multiplyAdd} from './simd';

/** Bytes of a point and of a block's factors. */
@inline export const POINT: usize = 32;
@inline export const FACTORS: usize = 24;

/** Blocks of so many points are transformed pass by pass, in the nearest cache; longer ones part by part. */
@inline export const NEAR: usize = 256;

/** sin(pi/3). */
const sine: usize = memory.data<f32>([0.8660254037844386]);

/** Into how many parts a block of so many points is split. */
@inline export function partsOf(points: usize): usize {
  return points % 3 == 0 ? 3 : (ctz(<u32>points) & 1) == 1 ? 2 : 4;
}

/** Splits a block in 4 whose parts have `quarter` bytes. */
@inline function splitIn4(z: usize, quarter: usize, factors: usize): void {
  const w1 = v128.load32_splat(factors), v1 = v128.load32_splat(factors, 4);
  const w2 = v128.load32_splat(factors, 8), v2 = v128.load32_splat(factors, 12);
  const w3 = v128.load32_splat(factors, 16), v3 = v128.load32_splat(factors, 20);
  for (const end = z + quarter; z < end; z += POINT) {
    const z1 = z + quarter, z2 = z1 + quarter, z3 = z2 + quarter;
    const a = v128.load(z), e = v128.load(z, 16);
    const x1 = v128.load(z1), y1 = v128.load(z1, 16), x2 = v128.load(z2), y2 = v128.load(z2, 16);
    const x3 = v128.load(z3), y3 = v128.load(z3, 16);
    const c = minusProduct(x2, w2, y2, v2), g = multiplyAdd(x2, v2, f32x4.mul(y2, w2));
    const b = minusProduct(x1, w1, y1, v1), f = multiplyAdd(x1, v1, f32x4.mul(y1, w1));
    const d = minusProduct(x3, w3, y3, v3), h = multiplyAdd(x3, v3, f32x4.mul(y3, w3));
    const evenRe = f32x4.add(a, c), evenIm = f32x4.add(e, g), oddRe = f32x4.add(b, d), oddIm = f32x4.add(f, h);
    v128.store(z, f32x4.add(evenRe, oddRe));
    v128.store(z, f32x4.add(evenIm, oddIm), 16);
    v128.store(z1, f32x4.sub(evenRe, oddRe));
    v128.store(z1, f32x4.sub(evenIm, oddIm), 16);
    const otherRe = f32x4.sub(a, c), otherIm = f32x4.sub(e, g), turnedRe = f32x4.sub(h, f), turnedIm = f32x4.sub(b, d);
    v128.store(z2, f32x4.add(otherRe, turnedRe));
    v128.store(z2, f32x4.add(otherIm, turnedIm), 16);
    v128.store(z3, f32x4.sub(otherRe, turnedRe));
    v128.store(z3, f32x4.sub(otherIm, turnedIm), 16);
  }
}

/** What {@link splitIn4} was done to, times 4. */
@inline function joinFrom4(z: usize, quarter: usize, factors: usize): void {
  const w1 = v128.load32_splat(factors), v1 = v128.load32_splat(factors, 4);
  const w2 = v128.load32_splat(factors, 8), v2 = v128.load32_splat(factors, 12);
  const w3 = v128.load32_splat(factors, 16), v3 = v128.load32_splat(factors, 20);
  for (const end = z + quarter; z < end; z += POINT) {
    const z1 = z + quarter, z2 = z1 + quarter, z3 = z2 + quarter;
    const a = v128.load(z), e = v128.load(z, 16), b = v128.load(z1), f = v128.load(z1, 16);
    const c = v128.load(z2), g = v128.load(z2, 16), d = v128.load(z3), h = v128.load(z3, 16);
    const evenRe = f32x4.add(a, b), evenIm = f32x4.add(e, f), oddRe = f32x4.sub(a, b), oddIm = f32x4.sub(e, f);
    const otherRe = f32x4.add(c, d), otherIm = f32x4.add(g, h), turnedRe = f32x4.sub(g, h), turnedIm = f32x4.sub(d, c);
    v128.store(z, f32x4.add(evenRe, otherRe));
    v128.store(z, f32x4.add(evenIm, otherIm), 16);
    const x2 = f32x4.sub(evenRe, otherRe), y2 = f32x4.sub(evenIm, otherIm);
    v128.store(z2, multiplyAdd(x2, w2, f32x4.mul(y2, v2)));
    v128.store(z2, minusProduct(y2, w2, x2, v2), 16);
    const x1 = f32x4.add(oddRe, turnedRe), y1 = f32x4.add(oddIm, turnedIm);
    v128.store(z1, multiplyAdd(x1, w1, f32x4.mul(y1, v1)));
    v128.store(z1, minusProduct(y1, w1, x1, v1), 16);
    const x3 = f32x4.sub(oddRe, turnedRe), y3 = f32x4.sub(oddIm, turnedIm);
    v128.store(z3, multiplyAdd(x3, w3, f32x4.mul(y3, v3)));
    v128.store(z3, minusProduct(y3, w3, x3, v3), 16);
  }
}

function splitIn2(z: usize, half: usize, factors: usize): void {
  const w = v128.load32_splat(factors), v = v128.load32_splat(factors, 4);
  for (const end = z + half; z < end; z += POINT) {
    const a = v128.load(z), e = v128.load(z, 16), x = v128.load(z + half), y = v128.load(z + half, 16);
    const b = minusProduct(x, w, y, v), f = multiplyAdd(x, v, f32x4.mul(y, w));
    v128.store(z, f32x4.add(a, b));
    v128.store(z, f32x4.add(e, f), 16);
    v128.store(z + half, f32x4.sub(a, b));
    v128.store(z + half, f32x4.sub(e, f), 16);
  }
}

function joinFrom2(z: usize, half: usize, factors: usize): void {
  const w = v128.load32_splat(factors), v = v128.load32_splat(factors, 4);
  for (const end = z + half; z < end; z += POINT) {
    const a = v128.load(z), e = v128.load(z, 16), b = v128.load(z + half), f = v128.load(z + half, 16);
    v128.store(z, f32x4.add(a, b));
    v128.store(z, f32x4.add(e, f), 16);
    const x = f32x4.sub(a, b), y = f32x4.sub(e, f);
    v128.store(z + half, multiplyAdd(x, w, f32x4.mul(y, v)));
    v128.store(z + half, minusProduct(y, w, x, v), 16);
  }
}

/** Stores the sums of a and the numbers b and d times 1, w and w^2, w = exp(2 pi i/3). */
@inline function storeTurnedBy3(z: usize, third: usize, a: v128, e: v128, b: v128, f: v128, d: v128, h: v128): void {
  const half = f32x4.splat(0.5), s = constant(sine);
  const sumRe = f32x4.add(b, d), sumIm = f32x4.add(f, h);
  const midRe = f32x4.sub(a, f32x4.mul(half, sumRe)), midIm = f32x4.sub(e, f32x4.mul(half, sumIm));
  const sideRe = f32x4.mul(s, f32x4.sub(f, h)), sideIm = f32x4.mul(s, f32x4.sub(b, d));
  v128.store(z, f32x4.add(a, sumRe));
  v128.store(z, f32x4.add(e, sumIm), 16);
  v128.store(z + third, f32x4.sub(midRe, sideRe));
  v128.store(z + third, f32x4.add(midIm, sideIm), 16);
  v128.store(z + 2 * third, f32x4.add(midRe, sideRe));
  v128.store(z + 2 * third, f32x4.sub(midIm, sideIm), 16);
}

function splitIn3(z: usize, third: usize, factors: usize): void {
  const w1 = v128.load32_splat(factors), v1 = v128.load32_splat(factors, 4);
  const w2 = v128.load32_splat(factors, 8), v2 = v128.load32_splat(factors, 12);
  for (const end = z + third; z < end; z += POINT) {
    const x1 = v128.load(z + third), y1 = v128.load(z + third, 16);
    const x2 = v128.load(z + 2 * third), y2 = v128.load(z + 2 * third, 16);
    storeTurnedBy3(
      z, third, v128.load(z), v128.load(z, 16),
      minusProduct(x1, w1, y1, v1), multiplyAdd(x1, v1, f32x4.mul(y1, w1)),
      minusProduct(x2, w2, y2, v2), multiplyAdd(x2, v2, f32x4.mul(y2, w2)),
    );
  }
}

function joinFrom3(z: usize, third: usize, factors: usize): void {
  const w1 = v128.load32_splat(factors), v1 = v128.load32_splat(factors, 4);
  const w2 = v128.load32_splat(factors, 8), v2 = v128.load32_splat(factors, 12);
  for (const end = z + third; z < end; z += POINT) {
    // Exchanged, the turns are those of the conjugate.
    const b = v128.load(z + 2 * third), f = v128.load(z + 2 * third, 16), d = v128.load(z + third), h = v128.load(z + third, 16);
    storeTurnedBy3(z, third, v128.load(z), v128.load(z, 16), b, f, d, h);
    const x1 = v128.load(z + third), y1 = v128.load(z + third, 16);
    const x2 = v128.load(z + 2 * third), y2 = v128.load(z + 2 * third, 16);
    v128.store(z + third, multiplyAdd(x1, w1, f32x4.mul(y1, v1)));
    v128.store(z + third, minusProduct(y1, w1, x1, v1), 16);
    v128.store(z + 2 * third, multiplyAdd(x2, w2, f32x4.mul(y2, v2)));
    v128.store(z + 2 * third, minusProduct(y2, w2, x2, v2), 16);
  }
}

/** Splits a block of `points` points once. */
export function split(z: usize, points: usize, factors: usize): void {
  const parts = partsOf(points), bytes = (points * POINT) / parts;
  if (parts == 4) splitIn4(z, bytes, factors);
  else if (parts == 2) splitIn2(z, bytes, factors);
  else splitIn3(z, bytes, factors);
}

/** What {@link split} was done to, times the number of parts. */
export function join(z: usize, points: usize, factors: usize): void {
  const parts = partsOf(points), bytes = (points * POINT) / parts;
  if (parts == 4) joinFrom4(z, bytes, factors);
  else if (parts == 2) joinFrom2(z, bytes, factors);
  else joinFrom3(z, bytes, factors);
}

/**
 * Splits a near block, `block` of the `blocks` of its length, down to points.
 * @param factors Those of all blocks of its length.
 */
export function splitNear(z: usize, points: usize, factors: usize, block: usize, blocks: usize): void {
  const end = z + points * POINT;
  while (points > 1) {
    const parts = partsOf(points), bytes = points * POINT;
    let own = factors + block * FACTORS;
    if (parts == 4) for (let at = z; at < end; at += bytes, own += FACTORS) splitIn4(at, bytes >> 2, own);
    else for (let at = z; at < end; at += bytes, own += FACTORS) split(at, points, own);
    factors += blocks * FACTORS;
    points /= parts;
    block *= parts;
    blocks *= parts;
  }
}

/** The block that {@link splitNear} was done to, times its number of points. */
export function joinNear(z: usize, points: usize, factors: usize, block: usize, blocks: usize): void {
  const end = z + points * POINT;
  for (let length = points; length > 1; ) {
    const parts = partsOf(length);
    factors += blocks * FACTORS;
    block *= parts;
    blocks *= parts;
    length /= parts;
  }
  for (let length: usize = 1; length < points; ) {
    const left = points / length, parts: usize = (left & 3) == 0 ? 4 : (left & 1) == 0 ? 2 : 3;
    length *= parts;
    block /= parts;
    blocks /= parts;
    factors -= blocks * FACTORS;
    const bytes = length * POINT;
    let own = factors + block * FACTORS;
    if (parts == 4) for (let at = z; at < end; at += bytes, own += FACTORS) joinFrom4(at, bytes >> 2, own);
    else for (let at = z; at < end; at += bytes, own += FACTORS) join(at, length, own);
  }
}

/** Transforms a block. The arguments are those of {@link splitNear}. */
export function transformSkew(z: usize, points: usize, factors: usize, block: usize, blocks: usize): void {
  if (points <= NEAR) return splitNear(z, points, factors, block, blocks);
  const parts = partsOf(points), part = points / parts, below = factors + blocks * FACTORS;
  split(z, points, factors + block * FACTORS);
  for (let i: usize = 0; i < parts; i++)
    transformSkew(z + i * part * POINT, part, below, block * parts + i, blocks * parts);
}

/** The block that {@link transformSkew} was done to, times its number of points. */
export function transformSkewBack(z: usize, points: usize, factors: usize, block: usize, blocks: usize): void {
  if (points <= NEAR) return joinNear(z, points, factors, block, blocks);
  const parts = partsOf(points), part = points / parts, below = factors + blocks * FACTORS;
  for (let i: usize = 0; i < parts; i++)
    transformSkewBack(z + i * part * POINT, part, below, block * parts + i, blocks * parts);
  join(z, points, factors + block * FACTORS);
}
