import * as tf from '@tensorflow/tfjs';

/** With r = 1/sqrt(mean(x²) + epsilon): dx = r (g - x r² mean(g x)). */
export function rmsNormGradient(outputGradient: tf.Tensor, x: tf.Tensor, epsilon: number): tf.Tensor {
  return tf.tidy(() => {
    const r = x.square().mean(-1, true).add(epsilon).rsqrt();
    const projection = outputGradient.mul(x).mean(-1, true).mul(r.square());
    return outputGradient.sub(x.mul(projection)).mul(r);
  });
}
