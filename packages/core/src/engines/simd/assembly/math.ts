/** Functions of four floats at once. */
import {multiplyAdd} from './simd';

@inline const LOG2E: f32 = 1.44269504088896341;
/** ln 2 in two parts, so that n ln 2 loses nothing. */
@inline const LN2_HIGH: f32 = 0.693359375;
@inline const LN2_LOW: f32 = -2.12194440e-4;
/** Adding it rounds a float to a whole number, which then stands in its low bits. */
@inline const ROUND: f32 = 12582912;

/** e^x, relative error below 1.2e-7 (Cephes' polynomial). e^-infinity is 0, NaN stays NaN. */
@inline export function exp4(x: v128): v128 {
  const lowest = f32x4.splat(-87.3365447), highest = f32x4.splat(88.7228394);
  const clamped = f32x4.pmin(f32x4.pmax(x, lowest), highest);
  const shifted = multiplyAdd(clamped, f32x4.splat(LOG2E), f32x4.splat(ROUND));
  const n = f32x4.sub(shifted, f32x4.splat(ROUND));
  const r = multiplyAdd(n, f32x4.splat(-LN2_LOW), multiplyAdd(n, f32x4.splat(-LN2_HIGH), clamped));
  let p = multiplyAdd(f32x4.splat(1.9875691500e-4), r, f32x4.splat(1.3981999507e-3));
  p = multiplyAdd(p, r, f32x4.splat(8.3334519073e-3));
  p = multiplyAdd(p, r, f32x4.splat(4.1665795894e-2));
  p = multiplyAdd(p, r, f32x4.splat(1.6666665459e-1));
  p = multiplyAdd(p, r, f32x4.splat(5.0000001201e-1));
  p = f32x4.add(multiplyAdd(p, f32x4.mul(r, r), r), f32x4.splat(1));
  // 2^n by its exponent, in two halves: n = 128 and n = -126 have no float of their own.
  const whole = i32x4.sub(shifted, f32x4.splat(ROUND));
  const half = i32x4.shr_s(whole, 1);
  const one = i32x4.splat(0x3f800000);
  p = f32x4.mul(p, i32x4.add(i32x4.shl(half, 23), one));
  p = f32x4.mul(p, i32x4.add(i32x4.shl(i32x4.sub(whole, half), 23), one));
  p = v128.bitselect(f32x4.splat(0), p, f32x4.lt(x, lowest));
  return v128.bitselect(f32x4.splat(Infinity), p, f32x4.gt(x, highest));
}
