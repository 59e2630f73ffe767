/**
 * Elementary functions of 4 floats, within 2e-7 of the true value, relatively, with IEEE's infinities and NaN.
 *
 * Each reduces its argument to a short interval and evaluates a polynomial there. The polynomials are minimax fits of the
 * relative error of the whole function, with coefficients rounded to floats one after the other; their own error is below
 * 5e-9, the rest is rounding. Nothing is looked up in tables, and lanes never branch apart.
 */
import {constant, multiplyAdd} from './simd';

/** Adding it rounds a float to a whole number, which the sum's lowest bits then hold: 1.5 * 2^23. */
@inline const ROUNDER: f32 = 12582912;
@inline const ROUNDER_BITS: i32 = 0x4b400000;

// Constants are kept in memory, see `constant`.
const ONE: usize = memory.data<f32>([1]);
const LOG2_E: usize = memory.data<f32>([1.44269504088896341]);
/** -log 2 in two parts; multiples of the first by a whole number are exact. */
const MINUS_LN2_HIGH: usize = memory.data<f32>([-0.693359375]);
const MINUS_LN2_LOW: usize = memory.data<f32>([2.12194440054690583e-4]);
const SIGN_BIT: usize = memory.data<u32>([0x80000000]);

/** x - n log 2 for a whole n: x without the power of 2 in its exponential. */
@inline function withoutPower(x: v128, n: v128): v128 {
  return multiplyAdd(n, constant(MINUS_LN2_LOW), multiplyAdd(n, constant(MINUS_LN2_HIGH), x));
}

const EXPM1: usize = memory.data<f32>([
  0.4999999403953552, 0.1666652113199234, 0.04166825860738754, 0.00836866907775402, 0.0013821289176121354,
]);

/** e^r - 1 for |r| <= log(2) / 2. */
@inline function expm1Short(r: v128): v128 {
  const square = f32x4.mul(r, r);
  const low = multiplyAdd(constant(EXPM1, 1), r, constant(EXPM1));
  const high = multiplyAdd(constant(EXPM1, 3), r, constant(EXPM1, 2));
  const p = multiplyAdd(multiplyAdd(square, constant(EXPM1, 4), high), square, low);
  return multiplyAdd(square, p, r);
}

/** 2^n for whole n >= -127 (0 for -127), from the float n + 127 + ROUNDER. */
@inline function powerOfTwo(biased: v128): v128 {
  return i32x4.shl(biased, 23);
}

const EXP: usize = memory.data<f32>([89, -176, ROUNDER + 254]);

/** e^x. */
@inline export function exp4(x: v128): v128 {
  x = f32x4.pmax(f32x4.pmin(x, constant(EXP)), constant(EXP, 1));
  // 2^n in two factors: their product may overflow or be denormal, as the result is. At -176 the first factor is 0, so
  // that arguments far below, of masked scores, take no slow way through denormals.
  const biased = multiplyAdd(x, constant(LOG2_E), constant(EXP, 2));
  const y = expm1Short(withoutPower(x, f32x4.sub(biased, constant(EXP, 2))));
  const half = i32x4.shr_s(biased, 1);
  const power = powerOfTwo(half);
  return f32x4.mul(multiplyAdd(y, power, power), powerOfTwo(i32x4.sub(biased, half)));
}

const EXP_NEGATIVE: usize = memory.data<f32>([-88, ROUNDER + 127]);

/** e^x for x <= 0, faster. 0 below -87.68. */
@inline export function expNegative4(x: v128): v128 {
  x = f32x4.pmax(x, constant(EXP_NEGATIVE));
  const biased = multiplyAdd(x, constant(LOG2_E), constant(EXP_NEGATIVE, 1));
  const power = powerOfTwo(biased);
  return multiplyAdd(expm1Short(withoutPower(x, f32x4.sub(biased, constant(EXP_NEGATIVE, 1)))), power, power);
}

const EXPM1_LIMITS: usize = memory.data<f32>([89, -20, ROUNDER + 126]);

/** e^x - 1. */
@inline export function expm14(x: v128): v128 {
  x = f32x4.pmax(f32x4.pmin(x, constant(EXPM1_LIMITS)), constant(EXPM1_LIMITS, 1));
  const biased = multiplyAdd(x, constant(LOG2_E), constant(EXPM1_LIMITS, 2));
  const n = f32x4.sub(biased, constant(EXPM1_LIMITS, 2));
  // 2^n (e^r - 1 + (1 - 2^-n)), where the sum is exact or far from 0; 2^n as twice 2^(n-1), which does not overflow.
  const inverse = i32x4.shl(i32x4.max_s(i32x4.sub(i32x4.splat(ROUNDER_BITS + 253), biased), i32x4.splat(1)), 23);
  const sum = f32x4.add(expm1Short(withoutPower(x, n)), f32x4.sub(constant(ONE), inverse));
  const half = f32x4.mul(sum, powerOfTwo(biased));
  return f32x4.add(half, half);
}

/** e^x - 1 for -28 <= x <= 0, faster. */
@inline function expm1Negative(x: v128): v128 {
  const biased = multiplyAdd(x, constant(LOG2_E), constant(EXP_NEGATIVE, 1));
  const power = powerOfTwo(biased);
  const p = expm1Short(withoutPower(x, f32x4.sub(biased, constant(EXP_NEGATIVE, 1))));
  return multiplyAdd(power, p, f32x4.sub(power, constant(ONE)));
}

/** From the first on it rounds to 1. */
const TANH: usize = memory.data<f32>([9.1, -2, 2]);

/** tanh x. */
@inline export function tanh4(x: v128): v128 {
  const e = expm1Negative(f32x4.mul(f32x4.pmin(f32x4.abs(x), constant(TANH)), constant(TANH, 1)));
  return v128.bitselect(x, f32x4.div(e, f32x4.add(e, constant(TANH, 2))), constant(SIGN_BIT));
}

/** 1 / (1 + e^-x); 0 where that is denormal. */
@inline export function sigmoid4(x: v128): v128 {
  return f32x4.div(constant(ONE), f32x4.add(exp4(f32x4.neg(x)), constant(ONE)));
}

const LOG: usize = memory.data<f32>([
  0.3333321511745453, -0.2499980628490448, 0.2001042664051056, -0.16680195927619934, 0.14005734026432037,
  -0.12187477946281433, 0.13984593749046326, -0.12880054116249084, -0.5, -1.0 / 8388608,
]);
/** The bits of 2/3, of sign and exponent, of the smallest normal float, and how far the normal ones go from there. */
const LOG_BITS: usize = memory.data<u32>([0x3f2aaaab, 0xff800000, 0x00800000, 0x7f000000]);

/** log x for normal positive x. */
@inline function logNormal(x: v128): v128 {
  // x = m 2^n with m in [2/3, 4/3).
  const power = v128.and(i32x4.sub(x, constant(LOG_BITS)), constant(LOG_BITS, 1));
  const f = f32x4.sub(i32x4.sub(x, power), constant(ONE));
  const minusN = f32x4.mul(f32x4.convert_i32x4_s(power), constant(LOG, 9));
  const square = f32x4.mul(f, f);
  let low = multiplyAdd(constant(LOG, 1), f, constant(LOG));
  low = multiplyAdd(multiplyAdd(constant(LOG, 3), f, constant(LOG, 2)), square, low);
  let high = multiplyAdd(constant(LOG, 5), f, constant(LOG, 4));
  high = multiplyAdd(multiplyAdd(constant(LOG, 7), f, constant(LOG, 6)), square, high);
  let p = multiplyAdd(high, f32x4.mul(square, square), low);
  // f - f^2 / 2 + f^3 p, the small terms first.
  p = multiplyAdd(minusN, constant(MINUS_LN2_LOW), f32x4.mul(f32x4.mul(square, f), p));
  p = multiplyAdd(square, constant(LOG, 8), p);
  return multiplyAdd(minusN, constant(MINUS_LN2_HIGH), f32x4.add(f, p));
}

function logOther(x: v128): v128 {
  const tiny = f32x4.lt(x, f32x4.splat(1.17549435e-38));
  // Denormals are brought among the normal numbers by 2^23.
  const shift = v128.and(tiny, f32x4.splat(-15.942385152878742));
  const y = f32x4.add(logNormal(v128.bitselect(f32x4.mul(x, f32x4.splat(8388608)), x, tiny)), shift);
  const zero = f32x4.splat(0);
  const finite = v128.and(f32x4.gt(x, zero), f32x4.lt(x, f32x4.splat(Infinity)));
  // NaN below 0 (all bits set), infinity and NaN themselves.
  const other = v128.or(x, f32x4.lt(x, zero));
  return v128.bitselect(y, v128.bitselect(f32x4.splat(-Infinity), other, f32x4.eq(x, zero)), finite);
}

/** log x. */
@inline export function log4(x: v128): v128 {
  const normal = i32x4.lt_u(i32x4.sub(x, constant(LOG_BITS, 2)), constant(LOG_BITS, 3));
  return i32x4.all_true(normal) ? logNormal(x) : logOther(x);
}

/** log(1 + x). */
@inline export function log1p4(x: v128): v128 {
  const one = constant(ONE);
  const u = f32x4.add(x, one);
  // What rounding took from 1 + x, exactly.
  const part = f32x4.sub(u, one);
  const lost = f32x4.add(f32x4.sub(one, f32x4.sub(u, part)), f32x4.sub(x, part));
  const usable = v128.and(f32x4.gt(u, f32x4.splat(0)), f32x4.lt(u, f32x4.splat(Infinity)));
  return f32x4.add(log4(u), v128.and(f32x4.div(lost, u), usable));
}

/** log(1 + e^x); 0 below -87.68. */
@inline export function softplus4(x: v128): v128 {
  const e = expNegative4(f32x4.neg(f32x4.abs(x)));
  const u = f32x4.add(e, constant(ONE));
  // As in log1p4, with 1 <= u <= 2.
  const lost = f32x4.sub(e, f32x4.sub(u, constant(ONE)));
  const tail = f32x4.add(logNormal(u), f32x4.div(lost, u));
  return f32x4.add(f32x4.pmax(x, f32x4.splat(0)), tail);
}

const ERF_FAR: usize = memory.data<f32>([
  -1.1285308599472046, -0.635661780834198, -0.1053372398018837, 0.02293884940445423, -0.0032303580082952976,
  0.00021587109949905425,
]);

/** 1 - erf x for x >= 0.84, within 5e-8 absolutely; 0 from 4 on. */
@inline function erfComplement(x: v128): v128 {
  const square = f32x4.mul(x, x);
  const low = multiplyAdd(constant(ERF_FAR, 1), x, constant(ERF_FAR));
  const middle = multiplyAdd(constant(ERF_FAR, 3), x, constant(ERF_FAR, 2));
  const high = multiplyAdd(constant(ERF_FAR, 5), x, constant(ERF_FAR, 4));
  return expNegative4(f32x4.mul(multiplyAdd(multiplyAdd(high, square, middle), square, low), x));
}

const ERF: usize = memory.data<f32>([
  0.12837916612625122, -0.37612593173980713, 0.11282918602228165, -0.02681003324687481, 0.005063020624220371,
  -0.0006383166182786226, 0.84, 4,
]);

/** The error function. */
@inline export function erf4(x: v128): v128 {
  const square = f32x4.mul(x, x);
  const low = multiplyAdd(constant(ERF, 1), square, constant(ERF));
  const middle = multiplyAdd(constant(ERF, 3), square, constant(ERF, 2));
  const high = multiplyAdd(constant(ERF, 5), square, constant(ERF, 4));
  const fourth = f32x4.mul(square, square);
  const near = multiplyAdd(multiplyAdd(multiplyAdd(high, fourth, middle), fourth, low), x, x);
  const size = f32x4.abs(x);
  const far = f32x4.sub(constant(ONE), erfComplement(f32x4.pmin(size, constant(ERF, 7))));
  return v128.bitselect(near, v128.bitselect(x, far, constant(SIGN_BIT)), f32x4.lt(size, constant(ERF, 6)));
}
