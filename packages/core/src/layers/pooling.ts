import * as tf from '@tensorflow/tfjs';
import {requireOptionalTensors, requireTensors} from '../arguments';

/**
 * How a sequence becomes one vector: 'first', its first position; 'last', the last before any padding; 'mean', the mean of
 * all that is no padding.
 */
export type Pooling = 'first' | 'last' | 'mean';

/**
 * One vector of each sequence, [batch, time, hidden] to [batch, hidden]. A sequence of padding alone gives its last position
 * or a mean of 0.
 * @param attentionMask [batch, time], 1 = a token, 0 = padding. Default: all are tokens.
 */
export function pool(x: tf.Tensor, pooling: Pooling, attentionMask?: tf.Tensor): tf.Tensor2D {
  requireTensors('pool', {x});
  requireOptionalTensors('pool', {attentionMask});
  return tf.tidy(() => {
    const [batch, time, hiddenSize] = x.shape as number[];
    const at = (n: number) => x.slice([0, n, 0], [batch, 1, hiddenSize]).reshape([batch, hiddenSize]);
    if (pooling === 'first') return at(0);
    if (!attentionMask) return pooling === 'mean' ? x.mean(1) : at(time - 1);
    const mask = attentionMask.toFloat();
    const shares = pooling === 'mean' ? mask.div(mask.sum(1, true).maximum(1)) : lastBeforePadding(mask);
    return x.mul(shares.expandDims(2)).sum(1);
  }) as tf.Tensor2D;
}

/** 1 at the position before the first padding, or at the last where there is none or the sequence begins with it. */
function lastBeforePadding(mask: tf.Tensor): tf.Tensor {
  const time = mask.shape[1] as number;
  const first = tf.sub(1, mask).argMax(1).toInt();
  const place = tf.where(first.greater(0), first.sub(tf.scalar(1, 'int32')), tf.scalar(time - 1, 'int32'));
  return tf.range(0, time, 1, 'int32').expandDims(0).equal(place.toInt().expandDims(1)).toFloat();
}
