import type * as tf from '@tensorflow/tfjs';
import {requireRank, requireTensors} from '../arguments';

/** x [batch, time, heads · size] as [batch, heads, time, size]: the features of a head lie side by side. */
export function splitHeads(x: tf.Tensor, numHeads: number): tf.Tensor {
  requireTensors('splitHeads', {x});
  const [batch, time, width] = x.shape as number[];
  return x.reshape([batch, time, numHeads, width / numHeads]).transpose([0, 2, 1, 3]);
}

/** x [batch, heads, time, size] as [batch, time, heads · size]: what {@link splitHeads} took apart. */
export function joinHeads(x: tf.Tensor): tf.Tensor {
  requireRank('joinHeads', {x}, '[batch, heads, time, size]');
  const [batch, numHeads, time, size] = x.shape as number[];
  return x.transpose([0, 2, 1, 3]).reshape([batch, time, numHeads * size]);
}
