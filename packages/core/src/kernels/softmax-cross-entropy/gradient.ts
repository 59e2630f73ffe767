import * as tf from '@tensorflow/tfjs';
import {counted, targetPlaces} from './reference';

/** dlogits = (softmax - (1 - s) oneHot - s/classes) / number of tokens that count, zero in rows that do not. */
export function softmaxCrossEntropyGradient(
  lossGradient: tf.Tensor,
  logits: tf.Tensor2D,
  targets: tf.Tensor1D,
  normalizer: tf.Tensor,
  ignoreIndex: number,
  smoothing: number,
): tf.Tensor {
  return tf.tidy(() => {
    const wanted = targetPlaces(logits, targets)
      .toFloat()
      .mul(1 - smoothing)
      .add(smoothing / logits.shape[1]);
    const counts = counted(targets, ignoreIndex);
    const [largest, logSum] = tf.split(normalizer, 2, 1);
    const probabilities = logits.sub(largest).sub(logSum).exp();
    const difference = probabilities.sub(wanted).mul(lossGradient).div(counts.sum());
    return tf.where(tf.broadcastTo(counts.expandDims(1), logits.shape), difference, tf.zerosLike(difference));
  });
}
