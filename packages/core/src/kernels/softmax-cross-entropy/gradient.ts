import * as tf from '@tensorflow/tfjs';
import {counted, oneHotTargets} from './reference';

/** dlogits = (softmax - (1 - s) oneHot - s/classes) / number of tokens that count, zero in rows that do not. */
export function softmaxCrossEntropyGradient(
  lossGradient: tf.Tensor,
  logits: tf.Tensor2D,
  targets: tf.Tensor1D,
  ignoreIndex: number,
  smoothing: number,
): tf.Tensor {
  return tf.tidy(() => {
    const wanted = oneHotTargets(logits, targets)
      .mul(1 - smoothing)
      .add(smoothing / logits.shape[1]);
    const weight = counted(targets, ignoreIndex);
    const scale = weight.mul(lossGradient).div(weight.sum());
    return tf.softmax(logits).sub(wanted).mul(scale.expandDims(-1));
  });
}
