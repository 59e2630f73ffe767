/** Powers of 4 floats, rounded from double precision: within 1e-7 of the true value, relatively. */
import {constant} from './simd';

// Constants are kept in memory, see `constant`.
const ONE: usize = memory.data<f32>([1]);
/** The bits of 2/3, of sign and exponent, of the smallest normal float, and how far the normal ones go from there. */
const BITS: usize = memory.data<u32>([0x3f2aaaab, 0xff800000, 0x00800000, 0x7f000000]);
/** The largest power of 2 that is taken, far enough from those that overflow or are denormal. */
const LIMIT: usize = memory.data<f64>([125]);
/** log2((1 + s) / (1 - s)) = s p(s^2) for |s| <= 0.2, within 2e-11. */
const LOG2: usize = memory.data<f64>([
  2.885390081836052, 0.9617966217203041, 0.5770923533469758, 0.41120573891460543, 0.3484032615408034,
]);
/** 2^r = p(r) for |r| <= 0.5, within 2e-9. */
const EXP2: usize = memory.data<f64>([
  1.0000000005550496, 0.6931472057671408, 0.24022646886074978, 0.05550328711804931, 0.009618489244937188,
  0.0013399957627207644, 0.00015345788826209524,
]);

@inline function double(address: usize, index: usize = 0): v128 {
  return v128.load64_splat(address + (index << 3));
}

/** p x + c, where p is what comes before the coefficient c. */
@inline function step(p: v128, x: v128, address: usize, index: usize): v128 {
  return f64x2.add(f64x2.mul(p, x), double(address, index));
}

@inline function upperHalf(x: v128): v128 {
  return v128.shuffle<i64>(x, x, 1, 0);
}

/** y log2(2^n m) for the first two lanes, in double precision. */
@inline function exponent(n: v128, m: v128, y: v128): v128 {
  const one = f64x2.promote_low_f32x4(constant(ONE));
  const x = f64x2.promote_low_f32x4(m);
  const s = f64x2.div(f64x2.sub(x, one), f64x2.add(x, one));
  const square = f64x2.mul(s, s);
  let p = step(double(LOG2, 4), square, LOG2, 3);
  p = step(step(step(p, square, LOG2, 2), square, LOG2, 1), square, LOG2, 0);
  return f64x2.mul(f64x2.promote_low_f32x4(y), f64x2.add(f64x2.convert_low_i32x4_s(n), f64x2.mul(s, p)));
}

/** 2^r for |r| <= 0.5. */
@inline function powerShort(r: v128): v128 {
  let p = step(double(EXP2, 6), r, EXP2, 5);
  p = step(step(step(p, r, EXP2, 4), r, EXP2, 3), r, EXP2, 2);
  return f32x4.demote_f64x2_zero(step(step(p, r, EXP2, 1), r, EXP2, 0));
}

@inline function isSmall(t: v128): v128 {
  return f64x2.le(f64x2.abs(t), double(LIMIT));
}

/** x^y. */
@inline export function pow4(x: v128, y: v128): v128 {
  const power = v128.and(i32x4.sub(x, constant(BITS)), constant(BITS, 1));
  const m = i32x4.sub(x, power), n = i32x4.shr_s(power, 23);
  const low = exponent(n, m, y), high = exponent(upperHalf(n), upperHalf(m), upperHalf(y));
  const wholeLow = f64x2.nearest(low), wholeHigh = f64x2.nearest(high);
  const lowPart = powerShort(f64x2.sub(low, wholeLow)), highPart = powerShort(f64x2.sub(high, wholeHigh));
  const whole = v128.shuffle<i64>(i32x4.trunc_sat_f64x2_s_zero(wholeLow), i32x4.trunc_sat_f64x2_s_zero(wholeHigh), 0, 2);
  const result = i32x4.add(v128.shuffle<i64>(lowPart, highPart, 0, 2), i32x4.shl(whole, 23));
  // Right where the base is a normal positive number and the result surely one.
  const normal = i32x4.lt_u(i32x4.sub(x, constant(BITS, 2)), constant(BITS, 3));
  const right = v128.and(normal, v128.shuffle<i32>(isSmall(low), isSmall(high), 0, 2, 4, 6));
  return i32x4.all_true(right) ? result : powSingly(x, y, result, right);
}

/** The result where it is right, and else what double precision gives for each. */
function powSingly(x: v128, y: v128, result: v128, right: v128): v128 {
  let other = x;
  for (let i = 0; i < 4; i++) {
    const value = <f32>NativeMath.pow(<f64>f32x4.extract_lane(x, 0), <f64>f32x4.extract_lane(y, 0));
    other = rotate(f32x4.replace_lane(other, 0, value));
    x = rotate(x);
    y = rotate(y);
  }
  return v128.bitselect(result, other, right);
}

@inline function rotate(x: v128): v128 {
  return v128.shuffle<f32>(x, x, 1, 2, 3, 0);
}
