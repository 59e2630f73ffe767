/** A float as a whole number, as JavaScript has it: modulo 2^32, 0 for infinity and NaN. */
export function toInt32(x: f64): i32 {
  // From 2^84 on, every float is a multiple of 2^32.
  if (!(Math.abs(x) < 1.9342813113834067e25)) return 0;
  if (Math.abs(x) < 9.223372036854776e18) return <i32><i64>x;
  return <i32><i64>NativeMath.mod(x, 4294967296);
}
