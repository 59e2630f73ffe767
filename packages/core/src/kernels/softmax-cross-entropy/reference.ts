import * as tf from '@tensorflow/tfjs';

/** Which targets count: [tokens], boolean. */
export const counted = (targets: tf.Tensor, ignoreIndex: number) => targets.notEqual(ignoreIndex);

/** Where each token's target stands: [tokens, classes], boolean. A row whose target is no class has none. */
export function targetPlaces(logits: tf.Tensor2D, targets: tf.Tensor): tf.Tensor {
  return targets.expandDims(1).equal(tf.range(0, logits.shape[1], 1, 'int32'));
}

/** -log p[target] of each token, chosen rather than multiplied by a one-hot: a class may have the logit -infinity. */
function negativeLogLikelihood(logProbabilities: tf.Tensor2D, targets: tf.Tensor): tf.Tensor {
  const places = targetPlaces(logProbabilities, targets);
  const nll = tf.where(places, logProbabilities, tf.zerosLike(logProbabilities)).sum(-1).neg();
  return tf.where(places.any(-1), nll, tf.fill(nll.shape, Number.NaN));
}

/**
 * The definition: per token (1 - s) (-log p[target]) + s mean over all classes of -log p, summed over the tokens that
 * count and divided by their number.
 * @returns Also, for the gradient, the normalizer [tokens, 2] of the tokens that count: the largest logit, and the
 * logarithm of the sum of exp(logit - largest).
 */
export function softmaxCrossEntropyReference(
  logits: tf.Tensor2D,
  targets: tf.Tensor1D,
  ignoreIndex: number,
  smoothing: number,
): {loss: tf.Tensor; normalizer: tf.Tensor} {
  return tf.tidy(() => {
    const largest = logits.max(-1, true);
    const shifted = logits.sub(largest);
    const logSum = shifted.exp().sum(-1, true).log();
    const logProbabilities = shifted.sub(logSum) as tf.Tensor2D;
    const nll = negativeLogLikelihood(logProbabilities, targets);
    const perToken = smoothing === 0 ? nll : nll.mul(1 - smoothing).sub(logProbabilities.mean(-1).mul(smoothing));
    const counts = counted(targets, ignoreIndex);
    return {
      loss: tf.where(counts, perToken, tf.zerosLike(perToken)).sum().div(counts.sum()),
      normalizer: tf.concat([largest, logSum], 1),
    };
  });
}
