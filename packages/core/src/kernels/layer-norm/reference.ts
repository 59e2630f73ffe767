import * as tf from '@tensorflow/tfjs';

/** (x - mean(x)) / sqrt(variance(x) + epsilon), composed from tf ops. */
export function layerNormReference(x: tf.Tensor, epsilon: number): tf.Tensor {
  return tf.tidy(() => {
    const centred = x.sub(x.mean(-1, true));
    return centred.mul(centred.square().mean(-1, true).add(epsilon).rsqrt());
  });
}
