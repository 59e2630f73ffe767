import * as tf from '@tensorflow/tfjs';

/** Which targets count: [tokens], 1 or 0. */
export const counted = (targets: tf.Tensor, ignoreIndex: number) => targets.notEqual(ignoreIndex).toFloat();

/** One-hot targets [tokens, classes]; a row that does not count may hold anything. */
export function oneHotTargets(logits: tf.Tensor2D, targets: tf.Tensor): tf.Tensor {
  const classes = logits.shape[1];
  return tf
    .oneHot(
      targets
        .clipByValue(0, classes - 1)
        .toInt()
        .as1D(),
      classes,
    )
    .toFloat();
}

/**
 * The definition: per token (1 - s) (-log p[target]) + s mean over all classes of -log p, summed over the tokens that
 * count and divided by their number.
 */
export function softmaxCrossEntropyReference(
  logits: tf.Tensor2D,
  targets: tf.Tensor1D,
  ignoreIndex: number,
  smoothing: number,
): tf.Tensor {
  return tf.tidy(() => {
    const logProbabilities = tf.logSoftmax(logits);
    const nll = logProbabilities.mul(oneHotTargets(logits, targets)).sum(-1).neg();
    const uniform = logProbabilities.mean(-1).neg();
    const perToken = nll.mul(1 - smoothing).add(uniform.mul(smoothing));
    const weight = counted(targets, ignoreIndex);
    return perToken.mul(weight).sum().div(weight.sum());
  });
}
