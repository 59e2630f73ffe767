import * as tf from '@tensorflow/tfjs';
import {requireTensors} from '../arguments';

/**
 * The slopes of ALiBi's heads (Press et al. 2021, arXiv 2108.12409): 2^(-largest i / n) for i = 1 .. n, with n the number of
 * heads or, where that is no power of 2, the next one; then those of odd i follow those of even i.
 * @param largest Default 8.
 */
export function alibiSlopes(numHeads: number, largest = 8): number[] {
  const n = 2 ** Math.ceil(Math.log2(numHeads));
  const slopes = Array.from({length: n}, (_, i) => 2 ** ((-largest * (i + 1)) / n));
  if (n === numHeads) return slopes;
  const [odd, even] = [0, 1].map((rest) => slopes.filter((_, i) => i % 2 === rest));
  return [...even, ...odd].slice(0, numHeads);
}

/**
 * What ALiBi adds to scores: slope · (j - i) of a key at position j and a query at position i, [1, heads, queries, keys].
 * @param queries Positions, numbers or [queries] int32.
 * @param keys Positions, [1, 1, keys, 1] float32.
 */
export function alibiBias(slopes: readonly number[], queries: number[] | tf.Tensor1D, keys: tf.Tensor): tf.Tensor {
  requireTensors('alibiBias', {keys});
  return tf.tidy(() => {
    const positions = (queries instanceof tf.Tensor ? queries.toFloat() : tf.tensor1d(queries)).reshape([1, 1, -1, 1]);
    const slope = tf.tensor(slopes as number[], [1, slopes.length, 1, 1]);
    return keys.transpose([0, 1, 3, 2]).sub(positions).mul(slope);
  });
}
