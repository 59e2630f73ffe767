/** Gradients of the normalisation of rows, see `norm.ts`. */
import {normFactor} from './norm';
import {loadPart, sumLanes, sumRow} from './row-parts';
import {scratch} from './runtime';
import {multiplyAdd} from './simd';

@unmanaged class NormGradientTask {
  /** Gradient of the output. */
  dy: u32;
  x: u32;
  /** Rows of weights, the same again every so many rows, or 0. */
  weight: u32;
  to: u32;
  /** What each piece's rows add to the gradients of the weights and the biases, [pieces, weights]; or 0. */
  weightParts: u32;
  biasParts: u32;
  rows: u32;
  length: u32;
  pieceRows: u32;
  weightRows: u32;
  /** Whether the mean is taken off. */
  centred: u32;
  epsilon: f32;
}

/** Lane 0: Σ dy weight, lane 1: Σ dy weight (x - centre). The weight steps by `step` bytes from 4 to 4. */
function sums(dy: usize, weight: usize, step: usize, x: usize, centre: f32, length: usize): v128 {
  const c = f32x4.splat(centre), zero = f32x4.splat(0);
  let a = zero, b = zero, productsA = zero, productsB = zero;
  let left = length;
  for (; left >= 8; left -= 8, dy += 32, weight += 2 * step, x += 32) {
    const g = f32x4.mul(v128.load(dy), v128.load(weight)), h = f32x4.mul(v128.load(dy, 16), v128.load(weight + step));
    a = f32x4.add(a, g);
    b = f32x4.add(b, h);
    productsA = multiplyAdd(g, f32x4.sub(v128.load(x), c), productsA);
    productsB = multiplyAdd(h, f32x4.sub(v128.load(x, 16), c), productsB);
  }
  if (left >= 4) {
    const g = f32x4.mul(v128.load(dy), v128.load(weight));
    a = f32x4.add(a, g);
    productsA = multiplyAdd(g, f32x4.sub(v128.load(x), c), productsA);
    left -= 4;
    dy += 16;
    weight += step;
    x += 16;
  }
  if (left > 0) {
    const g = f32x4.mul(loadPart(dy, left, zero), loadPart(weight, left, zero));
    b = f32x4.add(b, g);
    productsB = multiplyAdd(g, f32x4.sub(loadPart(x, left, c), c), productsB);
  }
  return f32x4.replace_lane(f32x4.splat(sumLanes(f32x4.add(a, b))), 1, sumLanes(f32x4.add(productsA, productsB)));
}

/** to = dy factor + (x - centre) slope + shift */
function gradientRow(
  dy: usize, x: usize, centre: f32, factor: f32, slope: f32, shift: f32, to: usize, length: usize,
): void {
  const c = f32x4.splat(centre), r = f32x4.splat(factor), m = f32x4.splat(slope), s = f32x4.splat(shift);
  let left = length;
  for (; left >= 8; left -= 8, dy += 32, x += 32, to += 32) {
    const a = multiplyAdd(f32x4.sub(v128.load(x), c), m, s), b = multiplyAdd(f32x4.sub(v128.load(x, 16), c), m, s);
    v128.store(to, multiplyAdd(v128.load(dy), r, a));
    v128.store(to, multiplyAdd(v128.load(dy, 16), r, b), 16);
  }
  for (; left > 0; left--, dy += 4, x += 4, to += 4)
    store<f32>(to, load<f32>(dy) * factor + ((load<f32>(x) - centre) * slope + shift));
}

/**
 * to = dy weight factor + (x - centre) slope + shift, weightPart += dy (x - centre) factor, and biasPart += dy where
 * there is a bias.
 */
@inline function gradientRowScaled(
  dy: usize, weight: usize, x: usize, centre: f32, factor: f32, slope: f32, shift: f32, to: usize, weightPart: usize,
  biasPart: usize, biased: bool, length: usize,
): void {
  const c = f32x4.splat(centre), r = f32x4.splat(factor), m = f32x4.splat(slope), s = f32x4.splat(shift);
  let left = length;
  for (; left >= 8; left -= 8, dy += 32, weight += 32, x += 32, to += 32, weightPart += 32) {
    const a = f32x4.sub(v128.load(x), c), b = f32x4.sub(v128.load(x, 16), c);
    const dyA = v128.load(dy), dyB = v128.load(dy, 16);
    const g = f32x4.mul(dyA, r), h = f32x4.mul(dyB, r);
    v128.store(to, multiplyAdd(g, v128.load(weight), multiplyAdd(a, m, s)));
    v128.store(to, multiplyAdd(h, v128.load(weight, 16), multiplyAdd(b, m, s)), 16);
    v128.store(weightPart, multiplyAdd(g, a, v128.load(weightPart)));
    v128.store(weightPart, multiplyAdd(h, b, v128.load(weightPart, 16)), 16);
    if (biased) {
      v128.store(biasPart, f32x4.add(dyA, v128.load(biasPart)));
      v128.store(biasPart, f32x4.add(dyB, v128.load(biasPart, 16)), 16);
      biasPart += 32;
    }
  }
  for (; left > 0; left--, dy += 4, weight += 4, x += 4, to += 4, weightPart += 4) {
    const a = load<f32>(x) - centre, g = load<f32>(dy) * factor;
    store<f32>(to, g * load<f32>(weight) + (a * slope + shift));
    store<f32>(weightPart, load<f32>(weightPart) + g * a);
    if (biased) {
      store<f32>(biasPart, load<f32>(biasPart) + load<f32>(dy));
      biasPart += 4;
    }
  }
}

/**
 * Piece: some rows. With g = dy weight, d = x - mean and r = 1 / sqrt(mean(d²) + epsilon):
 * dx = r (g - mean(g) - d r² mean(g d)), where the first mean is that of a norm that takes the mean off;
 * weight's gradient: the sum over rows of dy d r; bias's: that of dy.
 */
function normGradientPiece(args: usize, piece: i32): void {
  const task = changetype<NormGradientTask>(args);
  const length = <usize>task.length, first = <usize>piece * <usize>task.pieceRows;
  const last = min(<usize>task.rows, first + <usize>task.pieceRows);
  const partBytes = (<usize>task.weightRows * length) << 2, part = <usize>piece * partBytes;
  if (task.weight) memory.fill(<usize>task.weightParts + part, 0, partBytes);
  if (task.biasParts) memory.fill(<usize>task.biasParts + part, 0, partBytes);
  // Where there is no weight, 4 ones for all of a row.
  if (!task.weight) v128.store(scratch, f32x4.splat(1));
  for (let row = first; row < last; row++) {
    const offset = (row * length) << 2, weights = ((row % <usize>task.weightRows) * length) << 2;
    const dy = <usize>task.dy + offset, x = <usize>task.x + offset, to = <usize>task.to + offset;
    const weight = task.weight ? <usize>task.weight + weights : scratch;
    const mean = task.centred ? sumRow(x, length) / <f32>length : 0;
    const r = normFactor(x, mean, length, task.epsilon);
    const both = sums(dy, weight, task.weight ? 16 : 0, x, mean, length);
    const slope = -r * r * r * (f32x4.extract_lane(both, 1) / <f32>length);
    const shift = task.centred ? -r * (f32x4.extract_lane(both, 0) / <f32>length) : 0;
    const weightPart = <usize>task.weightParts + part + weights, biasPart = <usize>task.biasParts + part + weights;
    if (!task.weight) gradientRow(dy, x, mean, r, slope, shift, to, length);
    else if (!task.biasParts)
      gradientRowScaled(dy, weight, x, mean, r, slope, shift, to, weightPart, 0, false, length);
    else gradientRowScaled(dy, weight, x, mean, r, slope, shift, to, weightPart, biasPart, true, length);
  }
}

export function jobNormGradient(): u32 {
  return normGradientPiece.index;
}
