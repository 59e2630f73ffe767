import type * as tf from '@tensorflow/tfjs';

/**
 * The positions of x [batch, time, ...], each [batch, ...]. Slices, because tfjs's gradient of `unstack` fails where time
 * is 1.
 */
export function alongTime(x: tf.Tensor): tf.Tensor[] {
  const [batch, time, ...rest] = x.shape;
  const before = new Array(x.rank).fill(0);
  const size = [batch, 1, ...rest];
  return Array.from({length: time}, (_, t) => x.slice(before.with(1, t), size).reshape([batch, ...rest]));
}
