/**
 * Cosines and sines of position · frequency, in double precision: x = angle - n π/2 lies within π/4 of 0, and there the
 * Taylor polynomials of sine and cosine to the 13th and 12th power are right to 1e-11.
 */

/** 2/π, and π/2 in two parts of which the first has 33 bits, so that its product with n is exact. */
const TWO_OVER_PI: f64 = 0.6366197723675814;
const HALF_PI_HIGH: f64 = 1.5707963267341256;
const HALF_PI_LOW: f64 = 6.077100506506192e-11;

@unmanaged class RotaryTablesTask {
  /** [rows] int32 */
  positions: u32;
  /** [half] float64 */
  frequencies: u32;
  /** [rows][half] */
  cos: u32;
  sin: u32;
  rows: u32;
  half: u32;
  /** Rows of a piece. */
  pieceRows: u32;
}

function rotaryTablesPiece(args: usize, piece: i32): void {
  const task = changetype<RotaryTablesTask>(args);
  const half = <usize>task.half;
  const first = <usize>piece * <usize>task.pieceRows;
  const last = min(<usize>task.rows, first + <usize>task.pieceRows);
  let cos = <usize>task.cos + ((first * half) << 2), sin = <usize>task.sin + ((first * half) << 2);
  for (let row = first; row < last; row++) {
    const position = <f64>load<i32>(<usize>task.positions + (row << 2));
    for (let i: usize = 0; i < half; i++, cos += 4, sin += 4)
      storeTurn(position * load<f64>(<usize>task.frequencies + (i << 3)), cos, sin);
  }
}

@inline function storeTurn(angle: f64, cos: usize, sin: usize): void {
  const n = nearest<f64>(angle * TWO_OVER_PI);
  const x = angle - n * HALF_PI_HIGH - n * HALF_PI_LOW;
  const xx = x * x;
  const s = x * (1 + xx * (-1.0 / 6 + xx * (1.0 / 120 + xx * (-1.0 / 5040 + xx * (1.0 / 362880 + xx * (-1.0 / 39916800 + xx * (1.0 / 6227020800)))))));
  const c = 1 + xx * (-0.5 + xx * (1.0 / 24 + xx * (-1.0 / 720 + xx * (1.0 / 40320 + xx * (-1.0 / 3628800 + xx * (1.0 / 479001600))))));
  // Each quarter turn swaps the two, with one sign changed.
  const quarter = <i32>(<i64>n & 3);
  const u = quarter & 1 ? s : c, w = quarter & 1 ? c : s;
  store<f32>(cos, <f32>(quarter == 1 || quarter == 2 ? -u : u));
  store<f32>(sin, <f32>(quarter >= 2 ? -w : w));
}

export function jobRotaryTables(): u32 {
  return rotaryTablesPiece.index;
}
