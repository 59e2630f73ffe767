import * as tf from '@tensorflow/tfjs';

/** An axis of the result: its length, and how far the inputs step along it, 0 where they are broadcast. */
interface Axis {
  size: number;
  strideA: number;
  strideB: number;
}

/** How two tensors go together: the shape of the result and its axes, the fastest first. */
export interface Broadcast {
  shape: number[];
  /** Values of the result. */
  size: number;
  /** Neighbours are joined where both inputs go through them in one; none has length 1 unless it is the only one. */
  axes: Axis[];
}

/**
 * The axes that two tensors are gone through by.
 * @throws Error as tfjs's, if the shapes do not go together.
 */
export function broadcast(a: number[], b: number[]): Broadcast {
  if (sameShape(a, b)) {
    const size = tf.util.sizeFromShape(a);
    return {shape: a, size, axes: [{size, strideA: 1, strideB: 1}]};
  }
  const shape = tf.broadcast_util.assertAndGetBroadcastShape(a, b);
  const axes: Axis[] = [];
  let [size, sizeA, sizeB] = [1, 1, 1];
  for (let i = 1; i <= shape.length; i++) {
    const length = shape[shape.length - i];
    const lengthA = i <= a.length ? a[a.length - i] : 1;
    const lengthB = i <= b.length ? b[b.length - i] : 1;
    size *= length;
    if (length !== 1) addAxis(axes, length, lengthA === 1 ? 0 : sizeA, lengthB === 1 ? 0 : sizeB);
    sizeA *= lengthA;
    sizeB *= lengthB;
  }
  if (axes.length === 0) axes.push({size: 1, strideA: 0, strideB: 0});
  return {shape, size, axes};
}

/** Adds a slower axis, or lengthens the last one. */
function addAxis(axes: Axis[], size: number, strideA: number, strideB: number): void {
  const last = axes[axes.length - 1];
  if (last && strideA === last.strideA * last.size && strideB === last.strideB * last.size) last.size *= size;
  else axes.push({size, strideA, strideB});
}

function sameShape(a: number[], b: number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
