/** The step of AdamW, and the size of its gradients, over many tensors at once. */
import {multiplyAdd} from './simd';
import {squaresOfRow} from './row-parts';

@unmanaged class AdamTask {
  /** Of the pieces, {@link AdamPiece}. */
  pieces: u32;
  /** What gradients are multiplied by first. */
  gradientScale: f32;
  /** How much of the moments is kept, and how much of the new gradient, and of its square, comes in. */
  keepFirst: f32;
  addFirst: f32;
  keepSecond: f32;
  addSecond: f32;
  /** What the root of the second moment is multiplied by, and what is added to that. */
  rootScale: f32;
  epsilon: f32;
  /** What the quotient is multiplied by. */
  rate: f32;
}

/** A range of a weight, its gradient and moments, and where the new weight and moments go, which may be the old places. */
@unmanaged class AdamPiece {
  weight: u32;
  gradient: u32;
  first: u32;
  second: u32;
  newWeight: u32;
  newFirst: u32;
  newSecond: u32;
  count: u32;
  /** How much of the weight the decay leaves. */
  keep: f32;
}

/** Whole vectors, since the room of a tensor is a multiple of 16 bytes and pieces begin at one. */
function adamPiece(args: usize, index: i32): void {
  const task = changetype<AdamTask>(args);
  const piece = changetype<AdamPiece>(<usize>task.pieces + <usize>index * offsetof<AdamPiece>());
  const gradientScale = f32x4.splat(task.gradientScale), keep = f32x4.splat(piece.keep), rate = f32x4.splat(task.rate);
  const keepFirst = f32x4.splat(task.keepFirst), addFirst = f32x4.splat(task.addFirst);
  const keepSecond = f32x4.splat(task.keepSecond), addSecond = f32x4.splat(task.addSecond);
  const rootScale = f32x4.splat(task.rootScale), epsilon = f32x4.splat(task.epsilon);
  const bytes = <usize>piece.count << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    const g = f32x4.mul(v128.load(<usize>piece.gradient + i), gradientScale);
    const first = multiplyAdd(v128.load(<usize>piece.first + i), keepFirst, f32x4.mul(g, addFirst));
    const second = multiplyAdd(v128.load(<usize>piece.second + i), keepSecond, f32x4.mul(f32x4.mul(g, g), addSecond));
    const divisor = multiplyAdd(f32x4.sqrt(second), rootScale, epsilon);
    const change = f32x4.mul(f32x4.div(first, divisor), rate);
    v128.store(<usize>piece.newWeight + i, f32x4.sub(f32x4.mul(v128.load(<usize>piece.weight + i), keep), change));
    v128.store(<usize>piece.newFirst + i, first);
    v128.store(<usize>piece.newSecond + i, second);
  }
}

@unmanaged class SquaresTask {
  /** Of the pieces, {@link SquaresPiece}. */
  pieces: u32;
  /** A float of double precision for each piece. */
  to: u32;
}

@unmanaged class SquaresPiece {
  from: u32;
  count: u32;
}

/** The sum of the squares of the piece's values. */
function sumOfSquaresPiece(args: usize, index: i32): void {
  const task = changetype<SquaresTask>(args);
  const piece = changetype<SquaresPiece>(<usize>task.pieces + <usize>index * offsetof<SquaresPiece>());
  let total: f64 = 0;
  // Sums of sums are more accurate.
  for (let i: u32 = 0; i < piece.count; i += 1024)
    total += <f64>squaresOfRow(<usize>piece.from + (<usize>i << 2), 0, <usize>min<u32>(1024, piece.count - i));
  store<f64>(<usize>task.to + (<usize>index << 3), total);
}

export function jobAdam(): u32 {
  return adamPiece.index;
}
export function jobSumOfSquares(): u32 {
  return sumOfSquaresPiece.index;
}
