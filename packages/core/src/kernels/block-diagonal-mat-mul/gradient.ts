import * as tf from '@tensorflow/tfjs';
import {fromBlocks, toBlocks} from './reference';
import type {BlockDiagonalMatMulInputs} from './types';

/** For each block, with g the output's gradient: dx_k = W_kᵀ g_k, and dW_k = sum over the rows of g_k x_kᵀ. */
export function blockDiagonalMatMulGradient(
  g: tf.Tensor,
  {x, weights}: BlockDiagonalMatMulInputs,
): {[name in keyof BlockDiagonalMatMulInputs]: tf.Tensor} {
  return tf.tidy(() => {
    const [blocks] = weights.shape;
    const gs = toBlocks(g, blocks);
    return {
      x: fromBlocks(tf.matMul(gs, weights), x.shape),
      weights: tf.matMul(gs, toBlocks(x, blocks), true, false),
    };
  });
}
