import * as tf from '@tensorflow/tfjs';

/**
 * The logits themselves, with a gradient that also pulls the largest logit of each position to 0 (the authors' L2Wrap):
 * to that of the loss it adds `strength` / (batch · time) times the largest logit, at its place.
 *
 * @param logits [batch, time, vocabulary]
 */
export function withLogitPenalty(logits: tf.Tensor, strength: number): tf.Tensor {
  const penalized = tf.customGrad((x, save) => {
    (save as tf.GradSaveFunc)([x as tf.Tensor]);
    return {
      value: (x as tf.Tensor).clone(),
      gradFunc: (dy: tf.Tensor, [saved]: tf.Tensor[]) => dy.add(penaltyGradient(saved, strength)),
    };
  });
  return penalized(logits);
}

function penaltyGradient(logits: tf.Tensor, strength: number): tf.Tensor {
  const [batch, time, vocabulary] = logits.shape as number[];
  const place = tf.oneHot(logits.argMax(-1).toInt(), vocabulary);
  return place.mul(logits).mul(strength / (batch * time));
}
