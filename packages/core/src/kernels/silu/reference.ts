import * as tf from '@tensorflow/tfjs';

/** x sigmoid(x). */
export function siluReference(x: tf.Tensor): tf.Tensor {
  return tf.tidy(() => x.mul(x.sigmoid()));
}

/** The derivative: s + x s (1 - s), s = sigmoid(x). */
export function siluDerivative(x: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const s = x.sigmoid();
    return s.add(x.mul(s).mul(tf.sub(1, s)));
  });
}
