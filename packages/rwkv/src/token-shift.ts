import * as tf from '@tensorflow/tfjs';
import {requireOptionalTensors, requireRank} from '@variants/core';

/**
 * What stands one position before, x_{-1}, x_0, ..., x_{T-2} (Peng et al. 2023, section 3.1.1).
 *
 * @param x [batch, time, features]
 * @param last x_{-1} [batch, features]; null at the beginning of a sequence, which counts as zeros.
 * @returns [batch, time, features]
 */
export function tokenShift(x: tf.Tensor, last: tf.Tensor | null): tf.Tensor {
  requireRank('tokenShift', {x}, '[batch, time, features]');
  requireOptionalTensors('tokenShift', {last});
  const [batch, time, features] = x.shape as number[];
  const before = last ? last.expandDims(1) : tf.zeros([batch, 1, features]);
  return time === 1 ? before : tf.concat([before, x.slice([0, 0, 0], [-1, time - 1, -1])], 1);
}

/** The last position of x [batch, time, features], [batch, features]: what the next piece of a stream is shifted by. */
export function lastPosition(x: tf.Tensor): tf.Tensor {
  const [batch, time, features] = x.shape as number[];
  return x.slice([0, time - 1, 0], [-1, 1, -1]).reshape([batch, features]);
}

/**
 * Linear interpolation (Peng et al. 2024, section 4.1.1), feature by feature, for several weights m that broadcast over x:
 *
 *     lerp(m) = x + (y - x) m
 *
 * Versions 4 and 5 weigh the position itself, from x' to x; 6 and 7 the position before, from x to x'.
 *
 * @param x [batch, time, features]
 * @param y [batch, time, features]
 */
export function lerpBetween(x: tf.Tensor, y: tf.Tensor): (m: tf.Tensor) => tf.Tensor {
  const difference = y.sub(x);
  return (m) => x.add(difference.mul(m));
}
