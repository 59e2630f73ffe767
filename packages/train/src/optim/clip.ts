import * as tf from '@tensorflow/tfjs';
import {globalNorm, requireArgument, requireTensors} from '@variants/core';

/**
 * Limits the norm of all gradients together: g <- g min(1, limit / (norm + 1e-6)), as PyTorch's clip_grad_norm_ does
 * (Pascanu et al. 2013).
 * @param limit Infinity to measure alone.
 * @returns New gradients under the same names, and the norm before clipping, a scalar; the caller disposes all of them.
 */
export function clipByGlobalNorm(
  gradients: tf.NamedTensorMap,
  limit: number,
): {gradients: tf.NamedTensorMap; norm: tf.Scalar} {
  const isMap = typeof gradients === 'object' && gradients !== null;
  requireArgument('clipByGlobalNorm', 'gradients', gradients, isMap, 'tensors by their names');
  requireTensors('clipByGlobalNorm', gradients);
  requireArgument('clipByGlobalNorm', 'limit', limit, typeof limit === 'number', 'a number above 0, or Infinity');
  return tf.tidy(() => {
    const norm = globalNorm(Object.values(gradients));
    const factor = clipFactor(norm, limit) ?? 1;
    const scaled = Object.entries(gradients).map(([name, gradient]) => [name, gradient.mul(factor)]);
    return {gradients: Object.fromEntries(scaled), norm};
  });
}

/** What clipping multiplies gradients of this norm by, a scalar; undefined where there is no limit. */
export function clipFactor(norm: tf.Scalar, limit: number): tf.Scalar | undefined {
  if (limit === Infinity) return undefined;
  return tf.tidy(() => tf.scalar(limit).div(norm.add(1e-6)).minimum(1) as tf.Scalar);
}
