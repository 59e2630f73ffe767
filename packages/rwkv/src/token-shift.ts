import * as tf from '@tensorflow/tfjs';

/**
 * What stands one position before, x_{-1}, x_0, ..., x_{T-2} (Peng et al. 2023, section 3.1.1).
 *
 * @param x [batch, time, features]
 * @param last x_{-1} [batch, features]; null at the beginning of a sequence, which counts as zeros.
 * @returns [batch, time, features]
 */
export function tokenShift(x: tf.Tensor, last: tf.Tensor | null): tf.Tensor {
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
 * Mixes each position with the one before, feature by feature, for several weights m [features] of the position itself:
 * m x + (1 - m) x'.
 *
 * @param x [batch, time, features]
 * @param shifted x', see {@link tokenShift}.
 */
export function mixOwn(x: tf.Tensor, shifted: tf.Tensor): (own: tf.LayerVariable) => tf.Tensor {
  const difference = x.sub(shifted);
  return (own) => shifted.add(difference.mul(own.read()));
}

/** {@link mixOwn} for weights m of the position before, as from version 6 on: (1 - m) x + m x'. */
export function mixPrevious(x: tf.Tensor, shifted: tf.Tensor): (previous: tf.LayerVariable | tf.Tensor) => tf.Tensor {
  const difference = shifted.sub(x);
  return (previous) => x.add(difference.mul(previous instanceof tf.Tensor ? previous : previous.read()));
}
