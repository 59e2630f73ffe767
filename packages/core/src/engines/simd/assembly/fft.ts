/**
 * Fourier transforms of rows of any length: of complex numbers, of real ones, and back to real ones.
 *
 * Lengths that are powers of two go by `stockham.ts`, short ones by the definition, the others by Bluestein's convolution
 * with a chirp. Real numbers of an even length n are taken as n/2 complex ones, whose spectrum is then taken apart.
 */
import {copyBytes} from './bytes';
import {Fft} from './operations';
import {scratch} from './runtime';
import {apart, passesOf, stockham} from './stockham';

/** How complex numbers of a length are transformed; its tables are made in `kernels/fft-plans.ts`. */
@unmanaged class Plan {
  length: u32;
  /** Length of the transforms that it is done with: this one, a power of two for a convolution, or 0 for the definition. */
  inner: u32;
  /** Twiddles of `inner`; for the definition the powers of w, real parts first. */
  twiddles: u32;
  /** [length], and [inner]: for the convolution, real parts first; 0 where there is none. */
  chirp: u32;
  spectrum: u32;
}

@unmanaged class FftTask {
  operation: Fft;
  re: u32;
  im: u32;
  toRe: u32;
  toIm: u32;
  /** Numbers of a row of the input and of the output. What an input lacks is zero, and what an output has too many. */
  fromLength: u32;
  toLength: u32;
  /** Real numbers of a transform from or to them. */
  length: u32;
  /** What the first and, where there is one, the middle number of a spectrum are multiplied by, and the others. */
  edge: f32;
  inside: f32;
  /** Powers of w for a spectrum of real numbers, [length / 2 + 1], real parts first. */
  turns: u32;
  /** Room to work in: `workBytes` for each row, or 0 for the thread's own. */
  work: u32;
  workBytes: u32;
}

@inline function planOf(task: FftTask): Plan {
  return changetype<Plan>(changetype<usize>(task) + offsetof<FftTask>());
}

/** Piece: a row. */
function fftPiece(args: usize, piece: i32): void {
  const task = changetype<FftTask>(args);
  const work = task.work ? <usize>task.work + <usize>piece * <usize>task.workBytes : scratch;
  const from = (<usize>piece * <usize>task.fromLength) << 2, to = (<usize>piece * <usize>task.toLength) << 2;
  const re = <usize>task.re + from, im = <usize>task.im + from, toRe = <usize>task.toRe + to, toIm = <usize>task.toIm + to;
  switch (task.operation) {
    case Fft.Complex: return transform(planOf(task), re, im, toRe, toIm, work, task.inside);
    case Fft.Real: return transformReal(task, re, toRe, toIm, work);
    default: return transformToReal(task, re, im, toRe, work);
  }
}

/** Transforms complex numbers to another place. Needs room for 2 numbers per number of the inner length. */
function transform(plan: Plan, re: usize, im: usize, toRe: usize, toIm: usize, work: usize, scale: f32): void {
  const length = <usize>plan.length;
  if (plan.inner == 0) define(plan, re, im, toRe, toIm, scale);
  else if (plan.inner == plan.length)
    stockham(length, plan.twiddles, re, im, toRe, toIm, work, work + apart(length), scale);
  else convolveChirp(plan, re, im, toRe, toIm, work, scale);
}

/** The definition, in double precision. */
function define(plan: Plan, re: usize, im: usize, toRe: usize, toIm: usize, scale: f32): void {
  const length = <usize>plan.length, cosines = <usize>plan.twiddles, sines = cosines + (length << 2);
  for (let k: usize = 0; k < length; k++) {
    let sumRe: f64 = 0, sumIm: f64 = 0;
    for (let j: usize = 0, turn: usize = 0; j < length; j++) {
      const a = <f64>load<f32>(re + (j << 2)), b = <f64>load<f32>(im + (j << 2));
      const c = <f64>load<f32>(cosines + (turn << 2)), s = <f64>load<f32>(sines + (turn << 2));
      sumRe += a * c - b * s;
      sumIm += a * s + b * c;
      turn += k;
      if (turn >= length) turn -= length;
    }
    store<f32>(toRe + (k << 2), <f32>sumRe * scale);
    store<f32>(toIm + (k << 2), <f32>sumIm * scale);
  }
}

/** to = a b, complex numbers; `to` may be a. Works on whole vectors where there are so many, else number by number. */
function multiplyComplex(a: usize, aIm: usize, b: usize, bIm: usize, to: usize, toIm: usize, count: usize, scale: f32): void {
  const factor = f32x4.splat(scale);
  let i: usize = 0;
  const end = count << 2;
  for (; i + 16 <= end; i += 16) {
    const r = v128.load(a + i), s = v128.load(aIm + i), u = v128.load(b + i), v = v128.load(bIm + i);
    v128.store(to + i, f32x4.mul(factor, f32x4.sub(f32x4.mul(r, u), f32x4.mul(s, v))));
    v128.store(toIm + i, f32x4.mul(factor, f32x4.add(f32x4.mul(r, v), f32x4.mul(s, u))));
  }
  for (; i < end; i += 4) {
    const r = load<f32>(a + i), s = load<f32>(aIm + i), u = load<f32>(b + i), v = load<f32>(bIm + i);
    store<f32>(to + i, scale * (r * u - s * v));
    store<f32>(toIm + i, scale * (r * v + s * u));
  }
}

/** The transform as a convolution with a chirp (Bluestein 1970), which transforms of the inner length make a product. */
function convolveChirp(plan: Plan, re: usize, im: usize, toRe: usize, toIm: usize, work: usize, scale: f32): void {
  const length = <usize>plan.length, inner = <usize>plan.inner;
  const bytes = length << 2, innerBytes = inner << 2, step = apart(inner);
  const chirp = <usize>plan.chirp, spectrum = <usize>plan.spectrum;
  const z = work, w = work + 2 * step;
  multiplyComplex(re, im, chirp, chirp + bytes, z, z + step, length, 1);
  memory.fill(z + bytes, 0, innerBytes - bytes);
  memory.fill(z + step + bytes, 0, innerBytes - bytes);
  const at = transformWithin(inner, plan.twiddles, z, w, false, 1);
  multiplyComplex(at, at + step, spectrum, spectrum + innerBytes, at, at + step, inner, 1);
  const back = transformWithin(inner, plan.twiddles, at, at == z ? w : z, true, 1 / <f32>inner);
  multiplyComplex(back, back + step, chirp, chirp + bytes, toRe, toIm, length, scale);
}

/** Transforms numbers at z with room for as many at w, by a power of two; returns which of the two the result is at. */
function transformWithin(length: usize, twiddles: usize, z: usize, w: usize, inverse: bool, scale: f32): usize {
  const isOdd = (passesOf(length) & 1) == 1;
  const a = isOdd ? w : z, b = isOdd ? z : w;
  const re: usize = inverse ? apart(length) : 0, im: usize = inverse ? 0 : apart(length);
  stockham(length, twiddles, z + re, z + im, a + re, a + im, b + re, b + im, scale);
  return a;
}

/** Transforms the plan's numbers at z in place or to what follows it; returns where they are. `inverse` without the factor. */
function transformAt(plan: Plan, z: usize, inverse: bool): usize {
  const step = apart(plan.length);
  const w = z + 2 * step;
  if (plan.inner == plan.length) return transformWithin(plan.length, plan.twiddles, z, w, inverse, 1);
  const re: usize = inverse ? step : 0, im: usize = inverse ? 0 : step;
  transform(plan, z + re, z + im, w + re, w + im, w + 2 * step, 1);
  return w;
}

/** A row of real numbers to the first half of its spectrum. */
function transformReal(task: FftTask, from: usize, toRe: usize, toIm: usize, z: usize): void {
  const plan = planOf(task);
  const length = <usize>task.length, size = apart(plan.length), count = min(<usize>task.fromLength, length);
  memory.fill(z, 0, 2 * size);
  if (length & 1) {
    copyBytes(from, z, count << 2);
    const at = transformAt(plan, z, false);
    for (let k: usize = 0; k < <usize>task.toLength; k++) {
      const scale = k == 0 ? task.edge : task.inside;
      store<f32>(toRe + (k << 2), load<f32>(at + (k << 2)) * scale);
      store<f32>(toIm + (k << 2), load<f32>(at + size + (k << 2)) * scale);
    }
    return;
  }
  separate(from, count, z, z + size);
  const at = transformAt(plan, z, false);
  takeApart(task, at, at + size, toRe, toIm);
}

/** Numbers in turn to one place and to another. */
function separate(from: usize, count: usize, even: usize, odd: usize): void {
  let j: usize = 0;
  for (; j + 8 <= count; j += 8, from += 32, even += 16, odd += 16) {
    const a = v128.load(from), b = v128.load(from, 16);
    v128.store(even, v128.shuffle<f32>(a, b, 0, 2, 4, 6));
    v128.store(odd, v128.shuffle<f32>(a, b, 1, 3, 5, 7));
  }
  for (; j < count; j++, from += 4) {
    store<f32>(j & 1 ? odd : even, load<f32>(from));
    if (j & 1) {
      even += 4;
      odd += 4;
    }
  }
}

@inline function reversed(x: v128): v128 {
  return v128.shuffle<f32>(x, x, 3, 2, 1, 0);
}

/**
 * The spectrum X of n real numbers from the transform Z of their n/2 pairs:
 * X[k] = (Z[k] + conj Z[n/2 - k]) / 2 - i w^k (Z[k] - conj Z[n/2 - k]) / 2.
 */
function takeApart(task: FftTask, re: usize, im: usize, toRe: usize, toIm: usize): void {
  const half = <usize>task.length >> 1;
  const cosines = <usize>task.turns, sines = cosines + ((half + 1) << 2);
  const scale: f32 = 0.5 * task.inside, factor = f32x4.splat(scale);
  let k: usize = 1;
  for (; k + 4 <= half; k += 4) {
    const i = k << 2, j = (half - k - 3) << 2;
    const a = v128.load(re + i), b = v128.load(im + i), c = reversed(v128.load(re + j)), d = reversed(v128.load(im + j));
    const w = v128.load(cosines + i), v = v128.load(sines + i);
    const oddRe = f32x4.add(b, d), oddIm = f32x4.sub(c, a);
    const sumRe = f32x4.add(f32x4.add(a, c), f32x4.sub(f32x4.mul(w, oddRe), f32x4.mul(v, oddIm)));
    const sumIm = f32x4.add(f32x4.sub(b, d), f32x4.add(f32x4.mul(w, oddIm), f32x4.mul(v, oddRe)));
    v128.store(toRe + i, f32x4.mul(sumRe, factor));
    v128.store(toIm + i, f32x4.mul(sumIm, factor));
  }
  for (; k < half; k++) {
    const i = k << 2, j = (half - k) << 2;
    const a = load<f32>(re + i), b = load<f32>(im + i), c = load<f32>(re + j), d = load<f32>(im + j);
    const w = load<f32>(cosines + i), v = load<f32>(sines + i);
    const oddRe = b + d, oddIm = c - a;
    store<f32>(toRe + i, scale * (a + c + (w * oddRe - v * oddIm)));
    store<f32>(toIm + i, scale * (b - d + (w * oddIm + v * oddRe)));
  }
  const first = load<f32>(re), second = load<f32>(im);
  store<f32>(toRe, (first + second) * task.edge);
  store<f32>(toIm, 0);
  store<f32>(toRe + (half << 2), (first - second) * task.edge);
  store<f32>(toIm + (half << 2), 0);
}

/** The first half of a spectrum, of which the rest is its mirror image, to a row of real numbers. */
function transformToReal(task: FftTask, re: usize, im: usize, to: usize, z: usize): void {
  const plan = planOf(task);
  const length = <usize>task.length, size = apart(plan.length), count = min(<usize>task.toLength, length);
  memory.fill(to + (count << 2), 0, (<usize>task.toLength - count) << 2);
  if (length & 1) {
    mirror(task, re, im, z, z + size);
    copyBytes(transformAt(plan, z, true), to, count << 2);
    return;
  }
  putTogether(task, re, im, z, z + size);
  const at = transformAt(plan, z, true);
  interleave(at, at + size, to, count);
}

/** The whole spectrum of an odd number of real numbers. */
function mirror(task: FftTask, re: usize, im: usize, toRe: usize, toIm: usize): void {
  const length = <usize>task.length;
  store<f32>(toRe, load<f32>(re) * task.edge);
  store<f32>(toIm, 0);
  for (let k: usize = 1; k <= length >> 1; k++) {
    const a = load<f32>(re + (k << 2)) * task.inside, b = load<f32>(im + (k << 2)) * task.inside;
    store<f32>(toRe + (k << 2), a);
    store<f32>(toIm + (k << 2), b);
    store<f32>(toRe + ((length - k) << 2), a);
    store<f32>(toIm + ((length - k) << 2), -b);
  }
}

/**
 * From a spectrum Y of n real numbers, what gives them in pairs when transformed back:
 * Z[k] = (Y[k] + conj Y[n/2 - k]) + i (Y[k] - conj Y[n/2 - k]) / w^k. The imaginary parts of the first and the middle
 * number count for nothing.
 */
function putTogether(task: FftTask, re: usize, im: usize, toRe: usize, toIm: usize): void {
  const half = <usize>task.length >> 1;
  const cosines = <usize>task.turns, sines = cosines + ((half + 1) << 2);
  const scale = task.inside, factor = f32x4.splat(scale);
  let k: usize = 1;
  for (; k + 4 <= half; k += 4) {
    const i = k << 2, j = (half - k - 3) << 2;
    const a = v128.load(re + i), b = v128.load(im + i), c = reversed(v128.load(re + j)), d = reversed(v128.load(im + j));
    const w = v128.load(cosines + i), v = v128.load(sines + i);
    const r = f32x4.sub(a, c), s = f32x4.add(b, d);
    const oddRe = f32x4.add(f32x4.mul(r, w), f32x4.mul(s, v)), oddIm = f32x4.sub(f32x4.mul(s, w), f32x4.mul(r, v));
    v128.store(toRe + i, f32x4.mul(factor, f32x4.sub(f32x4.add(a, c), oddIm)));
    v128.store(toIm + i, f32x4.mul(factor, f32x4.add(f32x4.sub(b, d), oddRe)));
  }
  for (; k < half; k++) {
    const i = k << 2, j = (half - k) << 2;
    const a = load<f32>(re + i), b = load<f32>(im + i), c = load<f32>(re + j), d = load<f32>(im + j);
    const w = load<f32>(cosines + i), v = load<f32>(sines + i);
    const r = a - c, s = b + d;
    store<f32>(toRe + i, scale * (a + c - (s * w - r * v)));
    store<f32>(toIm + i, scale * (b - d + (r * w + s * v)));
  }
  const first = load<f32>(re) * task.edge, middle = load<f32>(re + (half << 2)) * task.edge;
  store<f32>(toRe, first + middle);
  store<f32>(toIm, first - middle);
}

/** Numbers of two places in turn, `count` in all. */
function interleave(even: usize, odd: usize, to: usize, count: usize): void {
  let j: usize = 0;
  for (; j + 8 <= count; j += 8, to += 32, even += 16, odd += 16) {
    const a = v128.load(even), b = v128.load(odd);
    v128.store(to, v128.shuffle<f32>(a, b, 0, 4, 1, 5));
    v128.store(to, v128.shuffle<f32>(a, b, 2, 6, 3, 7), 16);
  }
  for (; j < count; j++, to += 4) {
    store<f32>(to, load<f32>(j & 1 ? odd : even));
    if (j & 1) {
      even += 4;
      odd += 4;
    }
  }
}

export function jobFft(): u32 {
  return fftPiece.index;
}
