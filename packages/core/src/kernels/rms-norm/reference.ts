import * as tf from '@tensorflow/tfjs';

/** x / sqrt(mean(x²) + epsilon), then times a weight, composed from tf ops. */
export function rmsNormReference(x: tf.Tensor, epsilon: number, weight?: tf.Tensor): tf.Tensor {
  return tf.tidy(() => x.mul(x.square().mean(-1, true).add(epsilon).rsqrt()).mul(weight ?? 1));
}
