import * as tf from '@tensorflow/tfjs';

/** x / sqrt(mean(x²) + epsilon), composed from tf ops. */
export function rmsNormReference(x: tf.Tensor, epsilon: number): tf.Tensor {
  return tf.tidy(() => x.mul(x.square().mean(-1, true).add(epsilon).rsqrt()));
}
