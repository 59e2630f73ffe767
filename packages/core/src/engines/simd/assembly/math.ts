/**
 * Elementary functions of 4 floats, within 2e-7 of the true value, relatively, with IEEE's infinities and NaN.
 *
 * Each reduces its argument to a short interval and evaluates a polynomial there. The polynomials are minimax fits of the
 * relative error of the whole function, with coefficients rounded to floats one after the other; their own error is below
 * 5e-9, the rest is rounding. Nothing is looked up in tables, and lanes never branch apart.
 */
import {multiplyAdd} from './simd';

/** Adding it rounds a float to a whole number, which the sum's lowest bits then hold: 1.5 * 2^23. */
@inline const ROUNDER: f32 = 12582912;
@inline const ROUNDER_BITS: i32 = 0x4b400000;
@inline const LOG2_E: f32 = 1.44269504088896341;
/** log 2 in two parts; multiples of the first by a whole number are exact. */
@inline const LN2_HIGH: f32 = 0.693359375;
@inline const LN2_LOW: f32 = -2.12194440054690583e-4;
@inline const SIGN_BIT: i32 = 0x80000000;

@inline function splat(value: f32): v128 {
  return f32x4.splat(value);
}

/** x - n log 2 for a whole n: x without the power of 2 in its exponential. */
@inline function withoutPower(x: v128, n: v128): v128 {
  return multiplyAdd(n, splat(-LN2_LOW), multiplyAdd(n, splat(-LN2_HIGH), x));
}

/** e^r - 1 for |r| <= log(2) / 2. */
@inline function expm1Short(r: v128): v128 {
  let p = multiplyAdd(splat(0.0013821289176121354), r, splat(0.00836866907775402));
  p = multiplyAdd(p, r, splat(0.04166825860738754));
  p = multiplyAdd(p, r, splat(0.1666652113199234));
  p = multiplyAdd(p, r, splat(0.4999999403953552));
  return multiplyAdd(f32x4.mul(r, r), p, r);
}

/** 2^n for whole n >= -127 (0 for -127), from the float n + 127 + ROUNDER. */
@inline function powerOfTwo(biased: v128): v128 {
  return i32x4.shl(biased, 23);
}

/** e^x. */
@inline export function exp4(x: v128): v128 {
  x = f32x4.pmax(f32x4.pmin(x, splat(89)), splat(-176));
  // 2^n in two factors: their product may overflow or be denormal, as the result is. At -176 the first factor is 0, so
  // that arguments far below, of masked scores, take no slow way through denormals.
  const biased = multiplyAdd(x, splat(LOG2_E), splat(ROUNDER + 254));
  const y = f32x4.add(expm1Short(withoutPower(x, f32x4.sub(biased, splat(ROUNDER + 254)))), splat(1));
  const half = i32x4.shr_s(biased, 1);
  return f32x4.mul(f32x4.mul(y, powerOfTwo(half)), powerOfTwo(i32x4.sub(biased, half)));
}

/** e^x for x <= 0, faster. 0 below -87.68. */
@inline export function expNegative4(x: v128): v128 {
  x = f32x4.pmax(x, splat(-88));
  const biased = multiplyAdd(x, splat(LOG2_E), splat(ROUNDER + 127));
  const y = f32x4.add(expm1Short(withoutPower(x, f32x4.sub(biased, splat(ROUNDER + 127)))), splat(1));
  return f32x4.mul(y, powerOfTwo(biased));
}

/** e^x - 1. */
@inline export function expm14(x: v128): v128 {
  x = f32x4.pmax(f32x4.pmin(x, splat(89)), splat(-20));
  const biased = multiplyAdd(x, splat(LOG2_E), splat(ROUNDER + 126));
  const n = f32x4.sub(biased, splat(ROUNDER + 126));
  // 2^n (e^r - 1 + (1 - 2^-n)), where the sum is exact or far from 0; 2^n as twice 2^(n-1), which does not overflow.
  const inverse = i32x4.shl(i32x4.max_s(i32x4.sub(i32x4.splat(ROUNDER_BITS + 253), biased), i32x4.splat(1)), 23);
  const sum = f32x4.add(expm1Short(withoutPower(x, n)), f32x4.sub(splat(1), inverse));
  const half = f32x4.mul(sum, powerOfTwo(biased));
  return f32x4.add(half, half);
}

/** e^x - 1 for -28 <= x <= 0, faster. */
@inline function expm1Negative(x: v128): v128 {
  const biased = multiplyAdd(x, splat(LOG2_E), splat(ROUNDER + 127));
  const power = powerOfTwo(biased);
  const p = expm1Short(withoutPower(x, f32x4.sub(biased, splat(ROUNDER + 127))));
  return multiplyAdd(power, p, f32x4.sub(power, splat(1)));
}

/** tanh x. */
@inline export function tanh4(x: v128): v128 {
  // From 9.1 on it rounds to 1.
  const e = expm1Negative(f32x4.mul(f32x4.pmin(f32x4.abs(x), splat(9.1)), splat(-2)));
  return v128.bitselect(x, f32x4.div(e, f32x4.add(e, splat(2))), i32x4.splat(SIGN_BIT));
}

/** 1 / (1 + e^-x); 0 where that is denormal. */
@inline export function sigmoid4(x: v128): v128 {
  return f32x4.div(splat(1), f32x4.add(exp4(f32x4.neg(x)), splat(1)));
}

/** log x for normal positive x. */
@inline function logNormal(x: v128): v128 {
  // x = m 2^n with m in [2/3, 4/3).
  const power = v128.and(i32x4.sub(x, i32x4.splat(0x3f2aaaab)), i32x4.splat(0xff800000));
  const f = f32x4.sub(i32x4.sub(x, power), splat(1));
  const n = f32x4.mul(f32x4.convert_i32x4_s(power), splat(1.0 / 8388608));
  let p = multiplyAdd(splat(-0.12880054116249084), f, splat(0.13984593749046326));
  p = multiplyAdd(p, f, splat(-0.12187477946281433));
  p = multiplyAdd(p, f, splat(0.14005734026432037));
  p = multiplyAdd(p, f, splat(-0.16680195927619934));
  p = multiplyAdd(p, f, splat(0.2001042664051056));
  p = multiplyAdd(p, f, splat(-0.2499980628490448));
  p = multiplyAdd(p, f, splat(0.3333321511745453));
  // f - f^2 / 2 + f^3 p, the small terms first.
  const square = f32x4.mul(f, f);
  p = multiplyAdd(n, splat(LN2_LOW), f32x4.mul(f32x4.mul(square, f), p));
  p = multiplyAdd(square, splat(-0.5), p);
  return multiplyAdd(n, splat(LN2_HIGH), f32x4.add(f, p));
}

function logOther(x: v128): v128 {
  const tiny = f32x4.lt(x, splat(1.17549435e-38));
  // Denormals are brought among the normal numbers by 2^23.
  const shift = v128.and(tiny, splat(-15.942385152878742));
  const y = f32x4.add(logNormal(v128.bitselect(f32x4.mul(x, splat(8388608)), x, tiny)), shift);
  const zero = f32x4.splat(0);
  const finite = v128.and(f32x4.gt(x, zero), f32x4.lt(x, splat(Infinity)));
  // NaN below 0 (all bits set), infinity and NaN themselves.
  const other = v128.or(x, f32x4.lt(x, zero));
  return v128.bitselect(y, v128.bitselect(splat(-Infinity), other, f32x4.eq(x, zero)), finite);
}

/** log x. */
@inline export function log4(x: v128): v128 {
  const normal = i32x4.lt_u(i32x4.sub(x, i32x4.splat(0x00800000)), i32x4.splat(0x7f000000));
  return i32x4.all_true(normal) ? logNormal(x) : logOther(x);
}

/** log(1 + x). */
@inline export function log1p4(x: v128): v128 {
  const one = splat(1);
  const u = f32x4.add(x, one);
  // What rounding took from 1 + x, exactly.
  const part = f32x4.sub(u, one);
  const lost = f32x4.add(f32x4.sub(one, f32x4.sub(u, part)), f32x4.sub(x, part));
  const usable = v128.and(f32x4.gt(u, f32x4.splat(0)), f32x4.lt(u, splat(Infinity)));
  return f32x4.add(log4(u), v128.and(f32x4.div(lost, u), usable));
}

/** log(1 + e^x); 0 below -87.68. */
@inline export function softplus4(x: v128): v128 {
  const tail = log1p4(expNegative4(f32x4.neg(f32x4.abs(x))));
  return f32x4.add(f32x4.pmax(x, f32x4.splat(0)), tail);
}

/** 1 - erf x for x >= 0.84, within 5e-8 absolutely; 0 from 4 on. */
@inline function erfComplement(x: v128): v128 {
  let p = multiplyAdd(splat(0.00021587109949905425), x, splat(-0.0032303580082952976));
  p = multiplyAdd(p, x, splat(0.02293884940445423));
  p = multiplyAdd(p, x, splat(-0.1053372398018837));
  p = multiplyAdd(p, x, splat(-0.635661780834198));
  p = multiplyAdd(p, x, splat(-1.1285308599472046));
  return expNegative4(f32x4.mul(p, x));
}

/** The error function. */
@inline export function erf4(x: v128): v128 {
  const square = f32x4.mul(x, x);
  let p = multiplyAdd(splat(-0.0006383166182786226), square, splat(0.005063020624220371));
  p = multiplyAdd(p, square, splat(-0.02681003324687481));
  p = multiplyAdd(p, square, splat(0.11282918602228165));
  p = multiplyAdd(p, square, splat(-0.37612593173980713));
  p = multiplyAdd(p, square, splat(0.12837916612625122));
  const near = multiplyAdd(p, x, x);
  const size = f32x4.abs(x);
  const far = f32x4.sub(splat(1), erfComplement(f32x4.pmin(size, splat(4))));
  return v128.bitselect(near, v128.bitselect(x, far, i32x4.splat(SIGN_BIT)), f32x4.lt(size, splat(0.84)));
}
