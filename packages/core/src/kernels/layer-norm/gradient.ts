import * as tf from '@tensorflow/tfjs';

/** With y the normalised x and s = sqrt(variance + epsilon): dx = (g - mean(g) - y mean(g y)) / s. */
export function layerNormGradient(outputGradient: tf.Tensor, x: tf.Tensor, y: tf.Tensor, epsilon: number): tf.Tensor {
  return tf.tidy(() => {
    const variance = x.sub(x.mean(-1, true)).square().mean(-1, true);
    const g = outputGradient;
    const projection = y.mul(g.mul(y).mean(-1, true));
    return g.sub(g.mean(-1, true)).sub(projection).mul(variance.add(epsilon).rsqrt());
  });
}
