/**
 * Cosines and sines of position · frequency, in double precision: x = angle - n π/2 lies within π/4 of 0, and there the
 * Taylor polynomials of sine and cosine to the 13th and 12th power are right to 1e-11.
 */

/** 2/π, and π/2 in two parts of which the first has 33 bits, so that its product with n is exact. */
const TWO_OVER_PI: f64 = 0.6366197723675814;
const HALF_PI_HIGH: f64 = 1.5707963267341256;
const HALF_PI_LOW: f64 = 6.077100506506192e-11;

/** ln 2 in two parts of which the first has 32 bits, so that its product with a small whole number is exact. */
const LN_2_HIGH: f64 = 0.6931471803691238;
const LN_2_LOW: f64 = 1.9082149292705877e-10;

@unmanaged class RotaryTablesTask {
  /** [rows] int32 */
  positions: u32;
  /**
   * float64: frequencies [half], their factor; and where sequences may be longer than `length` the same for those:
   * frequencies, exponents and what is kept [half] each, factor, original, slope, temperature.
   */
  numbers: u32;
  /** [rows][half] */
  cos: u32;
  sin: u32;
  rows: u32;
  half: u32;
  /** Rows of a piece. */
  pieceRows: u32;
  /** The longest sequence that has the first frequencies. */
  length: u32;
}

function rotaryTablesPiece(args: usize, piece: i32): void {
  const task = changetype<RotaryTablesTask>(args);
  const half = <usize>task.half;
  const first = <usize>piece * <usize>task.pieceRows;
  const last = min(<usize>task.rows, first + <usize>task.pieceRows);
  const positions = <usize>task.positions;
  let frequencies = <usize>task.numbers;
  let factor = load<f64>(frequencies + (half << 3)), logGrowth: f64 = 0;
  const n = task.length == <u32>i32.MAX_VALUE ? 0 : sequenceLength(positions, <usize>task.rows);
  const longer = n > <f64>task.length;
  if (longer) {
    frequencies += (half + 1) << 3;
    const scalars = frequencies + ((3 * half) << 3);
    logGrowth = logarithm(1 + load<f64>(scalars + 16) * (n / load<f64>(scalars + 8) - 1));
    factor = load<f64>(scalars) * (1 + load<f64>(scalars + 24) * logGrowth);
  }
  for (let i: usize = 0; i < half; i++) {
    const number = frequencies + (i << 3);
    let frequency = load<f64>(number);
    if (longer) {
      const exponent = load<f64>(number + (half << 3)), kept = load<f64>(number + (half << 4));
      frequency *= kept + (1 - kept) * exponential(-exponent * logGrowth);
    }
    for (let row = first; row < last; row++) {
      const offset = (row * half + i) << 2;
      const position = <f64>load<i32>(positions + (row << 2));
      storeTurn(position * frequency, factor, <usize>task.cos + offset, <usize>task.sin + offset);
    }
  }
}

/** The largest position + 1. */
function sequenceLength(positions: usize, rows: usize): f64 {
  let largest: i32 = 0;
  for (let row: usize = 0; row < rows; row++) largest = max(largest, load<i32>(positions + (row << 2)));
  return <f64>largest + 1;
}

/** ln x of a normal number above 0: of m 2^k with m around 1, k ln 2 + 2 artanh((m - 1) / (m + 1)). */
function logarithm(x: f64): f64 {
  const bits = reinterpret<i64>(x);
  let k = <i32>(bits >> 52) - 1023;
  let m = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    k++;
  }
  const s = (m - 1) / (m + 1), ss = s * s;
  let series: f64 = 0;
  for (let power = 21; power > 0; power -= 2) series = series * ss + 1.0 / <f64>power;
  return <f64>k * LN_2_HIGH + (<f64>k * LN_2_LOW + 2 * s * series);
}

/** e^x for x from -700 to 700: 2^k times the Taylor polynomial at x - k ln 2. */
function exponential(x: f64): f64 {
  const k = nearest<f64>(x / (LN_2_HIGH + LN_2_LOW));
  const r = x - k * LN_2_HIGH - k * LN_2_LOW;
  let sum: f64 = 1;
  for (let n = 14; n > 0; n--) sum = 1 + (sum * r) / <f64>n;
  return sum * reinterpret<f64>((<i64>k + 1023) << 52);
}

@inline function storeTurn(angle: f64, factor: f64, cos: usize, sin: usize): void {
  const n = nearest<f64>(angle * TWO_OVER_PI);
  const x = angle - n * HALF_PI_HIGH - n * HALF_PI_LOW;
  const xx = x * x;
  const s = x * (1 + xx * (-1.0 / 6 + xx * (1.0 / 120 + xx * (-1.0 / 5040 + xx * (1.0 / 362880 + xx * (-1.0 / 39916800 + xx * (1.0 / 6227020800)))))));
  const c = 1 + xx * (-0.5 + xx * (1.0 / 24 + xx * (-1.0 / 720 + xx * (1.0 / 40320 + xx * (-1.0 / 3628800 + xx * (1.0 / 479001600))))));
  // Each quarter turn swaps the two, with one sign changed.
  const quarter = <i32>(<i64>n & 3);
  const u = quarter & 1 ? s : c, w = quarter & 1 ? c : s;
  store<f32>(cos, <f32>(factor * (quarter == 1 || quarter == 2 ? -u : u)));
  store<f32>(sin, <f32>(factor * (quarter >= 2 ? -w : w)));
}

export function jobRotaryTables(): u32 {
  return rotaryTablesPiece.index;
}
