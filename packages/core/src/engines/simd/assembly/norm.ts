/**
 * Normalisation of rows: y = (x - mean) / sqrt(mean of (x - mean)² + epsilon), or with 0 for the mean; then, where there
 * are any, times a weight and plus a bias.
 */
import {squaresOfRow, sumRow} from './row-parts';
import {multiplyAdd} from './simd';

@unmanaged class NormTask {
  x: u32;
  /** Rows of weights and biases, the same again every so many rows; addresses 0 where there are none. */
  weight: u32;
  bias: u32;
  to: u32;
  rows: u32;
  length: u32;
  pieceRows: u32;
  weightRows: u32;
  /** Whether the mean is taken off. */
  centred: u32;
  epsilon: f32;
}

/** y = (x - centre) factor, times the weight and plus the bias as far as they are wanted. */
@inline function normalise(
  x: usize, centre: f32, factor: f32, to: usize, length: usize, scaled: bool, weight: usize, shifted: bool, bias: usize,
): void {
  const c = f32x4.splat(centre), r = f32x4.splat(factor);
  let left = length;
  for (; left >= 8; left -= 8, x += 32, to += 32) {
    let a = f32x4.mul(f32x4.sub(v128.load(x), c), r), b = f32x4.mul(f32x4.sub(v128.load(x, 16), c), r);
    if (shifted) {
      a = multiplyAdd(a, v128.load(weight), v128.load(bias));
      b = multiplyAdd(b, v128.load(weight, 16), v128.load(bias, 16));
      bias += 32;
    } else if (scaled) {
      a = f32x4.mul(a, v128.load(weight));
      b = f32x4.mul(b, v128.load(weight, 16));
    }
    if (scaled) weight += 32;
    v128.store(to, a);
    v128.store(to, b, 16);
  }
  for (; left > 0; left--, x += 4, to += 4, weight += 4, bias += 4) {
    let y = (load<f32>(x) - centre) * factor;
    if (scaled) y *= load<f32>(weight);
    if (shifted) y += load<f32>(bias);
    store<f32>(to, y);
  }
}

/** 1 / sqrt(mean of (x - mean)² + epsilon) */
@inline export function normFactor(x: usize, mean: f32, length: usize, epsilon: f32): f32 {
  return <f32>1 / Mathf.sqrt(squaresOfRow(x, mean, length) / <f32>length + epsilon);
}

/** Piece: some rows. */
function normPiece(args: usize, piece: i32): void {
  const task = changetype<NormTask>(args);
  const length = <usize>task.length, first = <usize>piece * <usize>task.pieceRows;
  const last = min(<usize>task.rows, first + <usize>task.pieceRows);
  for (let row = first; row < last; row++) {
    const offset = (row * length) << 2, x = <usize>task.x + offset, to = <usize>task.to + offset;
    const mean = task.centred ? sumRow(x, length) / <f32>length : 0;
    const factor = normFactor(x, mean, length, task.epsilon);
    const weights = ((row % <usize>task.weightRows) * length) << 2;
    const weight = <usize>task.weight + weights, bias = <usize>task.bias + weights;
    if (!task.weight) normalise(x, mean, factor, to, length, false, 0, false, 0);
    else if (!task.bias) normalise(x, mean, factor, to, length, true, weight, false, 0);
    else normalise(x, mean, factor, to, length, true, weight, true, bias);
  }
}

export function jobNorm(): u32 {
  return normPiece.index;
}
