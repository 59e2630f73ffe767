/**
 * The position biases of AFT-conv: a kernel of taps per head says the bias for each distance of row and key inside of its
 * reach; outside it is 0. A convolution of weights becomes products of small matrices.
 */
import * as tf from '@tensorflow/tfjs';
import {layerNorm} from '@variants/core';

/**
 * The re-parameterised kernel of AFT-conv (Zhai et al. 2021, section 3.2), per head over all of its taps:
 *
 *     w = gamma (W - mean W) / sqrt(var W + epsilon) + beta
 *
 * @param taps W [heads, size] or [heads, size, size]
 * @param gamma [heads]
 * @param beta [heads]
 * @param epsilon Default 1e-6.
 * @returns w in the shape of the taps.
 */
export function standardizedKernel(taps: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon = 1e-6): tf.Tensor {
  return tf.tidy(() => {
    const heads = taps.shape[0];
    const standardized = layerNorm(taps.reshape([heads, -1]), epsilon);
    return standardized
      .mul(gamma.reshape([heads, 1]))
      .add(beta.reshape([heads, 1]))
      .reshape(taps.shape);
  });
}

/**
 * Biases [heads, 1, rows, keys] of a kernel [heads, taps].
 * @param tapOf The number of the tap for a row and a key, or null where the kernel does not reach.
 */
export function kernelBias(
  kernel: tf.Tensor,
  rows: number,
  keys: number,
  tapOf: (row: number, key: number) => number | null,
): tf.Tensor {
  const [heads, taps] = kernel.shape as number[];
  const numbers = Int32Array.from({length: rows * keys}, (_, i) => tapOf(Math.floor(i / keys), i % keys) ?? taps);
  const withNone = kernel.pad([
    [0, 0],
    [0, 1],
  ]);
  return tf.gather(withNone, tf.tensor1d(numbers, 'int32'), 1).reshape([heads, 1, rows, keys]);
}

/** The tap of a kernel over a sequence for a key that lies `ahead` positions after the row; null where it does not reach. */
export function tapAt(ahead: number, size: number, causal: boolean): number | null {
  const tap = ahead + (causal ? size - 1 : (size - 1) / 2);
  return tap >= 0 && tap < size ? tap : null;
}
