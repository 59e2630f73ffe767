import * as tf from '@tensorflow/tfjs';
import {leadingAxes} from '../last-axes';

/**
 * With r = 1/sqrt(mean(x²) + epsilon) and h = g weight: dx = r (h - x r² mean(h x)), and the weight gets g x r, summed
 * over the other axes.
 */
export function rmsNormGradient(
  outputGradient: tf.Tensor,
  x: tf.Tensor,
  epsilon: number,
  weight?: tf.Tensor,
): {x: tf.Tensor; weight?: tf.Tensor} {
  return tf.tidy(() => {
    const r = x.square().mean(-1, true).add(epsilon).rsqrt();
    const g = weight ? outputGradient.mul(weight) : outputGradient;
    const projection = g.mul(x).mean(-1, true).mul(r.square());
    return {
      x: g.sub(x.mul(projection)).mul(r),
      ...(weight && {weight: outputGradient.mul(x.mul(r)).sum(leadingAxes(x, weight))}),
    };
  });
}
