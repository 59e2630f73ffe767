import * as tf from '@tensorflow/tfjs';

/** (x - mean(x)) / sqrt(variance(x) + epsilon), then times a weight and plus a bias, composed from tf ops. */
export function layerNormReference(x: tf.Tensor, epsilon: number, weight?: tf.Tensor, bias?: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const centred = x.sub(x.mean(-1, true));
    const y = centred.mul(centred.square().mean(-1, true).add(epsilon).rsqrt());
    return y.mul(weight ?? 1).add(bias ?? 0);
  });
}
