import * as tf from '@tensorflow/tfjs';
import {leadingAxes} from '../last-axes';

/**
 * With n the normalised x, s = sqrt(variance + epsilon) and h = g weight: dx = (h - mean(h) - n mean(h n)) / s, and the
 * weight gets g n, the bias g, both summed over the other axes.
 */
export function layerNormGradient(
  outputGradient: tf.Tensor,
  x: tf.Tensor,
  epsilon: number,
  weight?: tf.Tensor,
  bias?: tf.Tensor,
): {x: tf.Tensor; weight?: tf.Tensor; bias?: tf.Tensor} {
  return tf.tidy(() => {
    const centred = x.sub(x.mean(-1, true));
    const factor = centred.square().mean(-1, true).add(epsilon).rsqrt();
    const normed = centred.mul(factor);
    const g = weight ? outputGradient.mul(weight) : outputGradient;
    const projection = normed.mul(g.mul(normed).mean(-1, true));
    return {
      x: g.sub(g.mean(-1, true)).sub(projection).mul(factor),
      ...(weight && {weight: outputGradient.mul(normed).sum(leadingAxes(x, weight))}),
      ...(bias && {bias: outputGradient.sum(leadingAxes(x, bias))}),
    };
  });
}
