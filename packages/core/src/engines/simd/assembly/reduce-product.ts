/**
 * Products of rows of columns, in double precision: the product of some of the values may be beyond floats where that of
 * all is not.
 */

/** The products of `rows` rows of `width` bytes, `step` bytes apart. */
export function multiplyRows(to: usize, from: usize, rows: usize, width: usize, step: usize): void {
  if (width == 4 && step == 4) return store<f32>(to, multiplyRow(from, rows));
  const end = to + width;
  for (; to + 16 <= end; to += 16, from += 16) {
    let low = f64x2.splat(1), high = f64x2.splat(1);
    for (let row: usize = 0, at = from; row < rows; row++, at += step) {
      low = f64x2.mul(low, f64x2.promote_low_f32x4(v128.load64_zero(at)));
      high = f64x2.mul(high, f64x2.promote_low_f32x4(v128.load64_zero(at, 8)));
    }
    const x = f32x4.demote_f64x2_zero(low), y = f32x4.demote_f64x2_zero(high);
    v128.store(to, v128.shuffle<i64>(x, y, 0, 2));
  }
  for (; to < end; to += 4, from += 4) {
    let product: f64 = 1;
    for (let row: usize = 0, at = from; row < rows; row++, at += step) product *= <f64>load<f32>(at);
    store<f32>(to, <f32>product);
  }
}

/** The product of `count` values one after the other. */
function multiplyRow(from: usize, count: usize): f32 {
  let a = f64x2.splat(1), b = f64x2.splat(1);
  const end = from + (count << 2);
  for (; from + 16 <= end; from += 16) {
    a = f64x2.mul(a, f64x2.promote_low_f32x4(v128.load64_zero(from)));
    b = f64x2.mul(b, f64x2.promote_low_f32x4(v128.load64_zero(from, 8)));
  }
  const both = f64x2.mul(a, b);
  let product = f64x2.extract_lane(both, 0) * f64x2.extract_lane(both, 1);
  for (; from < end; from += 4) product *= <f64>load<f32>(from);
  return <f32>product;
}
