/**
 * Sine and cosine of 4 floats, within 2e-7 of the true value, relatively. The argument is reduced to the nearest multiple
 * of a quarter turn in double precision, so that values near the zeros keep all their digits.
 */
import {constant, multiplyAdd} from './simd';

// Constants are kept in memory, see `constant`.
/** Quarter turns up to this size of the argument are exact multiples of the first part below. */
const REACH: usize = memory.data<f32>([1e6]);
/** 2 / pi, and pi / 2 in two parts; multiples of the first by a whole number up to 2^20 are exact. */
const QUARTER: usize = memory.data<f64>([0.636619772367581343076, 1.57079632673412561417, 6.07710050650619224932e-11]);

@inline function double(address: usize, index: usize): v128 {
  return v128.load64_splat(address + (index << 3));
}

@inline function withinReach(x: v128): v128 {
  return f32x4.le(f32x4.abs(x), constant(REACH));
}

/** Whole quarter turns nearest to two arguments. */
@inline function quarters(x: v128): v128 {
  return f64x2.nearest(f64x2.mul(x, double(QUARTER, 0)));
}

@inline function withoutQuarters(x: v128, n: v128): v128 {
  const r = f64x2.sub(x, f64x2.mul(n, double(QUARTER, 1)));
  return f32x4.demote_f64x2_zero(f64x2.sub(r, f64x2.mul(n, double(QUARTER, 2))));
}

@inline function upperHalf(x: v128): v128 {
  return v128.shuffle<i64>(x, x, 1, 0);
}

/** sin (shift 0) or cos (shift 1) of arguments within reach. */
@inline function turned(x: v128, shift: i32): v128 {
  const low = f64x2.promote_low_f32x4(x), high = f64x2.promote_low_f32x4(upperHalf(x));
  const lowTurns = quarters(low), highTurns = quarters(high);
  const r = v128.shuffle<i64>(withoutQuarters(low, lowTurns), withoutQuarters(high, highTurns), 0, 2);
  const turns = v128.shuffle<i64>(i32x4.trunc_sat_f64x2_s_zero(lowTurns), i32x4.trunc_sat_f64x2_s_zero(highTurns), 0, 2);
  const n = i32x4.add(turns, i32x4.splat(shift));
  const odd = i32x4.ne(v128.and(n, i32x4.splat(1)), i32x4.splat(0));
  const negative = i32x4.shl(v128.and(n, i32x4.splat(2)), 30);
  return v128.xor(v128.bitselect(cosShort(r), sinShort(r), odd), negative);
}

const SIN: usize = memory.data<f32>([-0.16666655242443085, 0.008332189172506332, -0.00019518278713803738]);

/** sin r for |r| <= pi / 4. */
@inline function sinShort(r: v128): v128 {
  const square = f32x4.mul(r, r);
  let p = multiplyAdd(constant(SIN, 2), square, constant(SIN, 1));
  p = multiplyAdd(p, square, constant(SIN));
  return multiplyAdd(f32x4.mul(p, square), r, r);
}

const COS: usize = memory.data<f32>([
  1, -0.5, 0.04166664555668831, -0.0013887309469282627, 2.4432327336398885e-5,
]);

/** cos r for |r| <= pi / 4. */
@inline function cosShort(r: v128): v128 {
  const square = f32x4.mul(r, r);
  let p = multiplyAdd(constant(COS, 4), square, constant(COS, 3));
  p = multiplyAdd(p, square, constant(COS, 2));
  p = multiplyAdd(p, square, constant(COS, 1));
  return multiplyAdd(p, square, constant(COS));
}

/** sin x. */
@inline export function sin4(x: v128): v128 {
  const near = withinReach(x), result = turned(x, 0);
  return i32x4.all_true(near) ? result : v128.bitselect(result, sinFar(x), near);
}

/** cos x. */
@inline export function cos4(x: v128): v128 {
  const near = withinReach(x), result = turned(x, 1);
  return i32x4.all_true(near) ? result : v128.bitselect(result, cosFar(x), near);
}

function sinFar(x: v128): v128 {
  for (let i = 0; i < 4; i++) x = rotate(x, NativeMath.sin(<f64>f32x4.extract_lane(x, 0)));
  return x;
}

function cosFar(x: v128): v128 {
  for (let i = 0; i < 4; i++) x = rotate(x, NativeMath.cos(<f64>f32x4.extract_lane(x, 0)));
  return x;
}

/** Drops the first lane and adds a last one. */
@inline function rotate(x: v128, last: f64): v128 {
  return f32x4.replace_lane(v128.shuffle<f32>(x, x, 1, 2, 3, 0), 3, <f32>last);
}
