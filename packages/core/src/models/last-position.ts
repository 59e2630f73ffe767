import type * as tf from '@tensorflow/tfjs';

/** The last position of x [batch, time, ...]: [batch, 1, ...]. */
export function lastPosition(x: tf.Tensor): tf.Tensor {
  const [batch, time, ...rest] = x.shape as number[];
  return x.slice([0, time - 1], [batch, 1, ...rest]);
}
