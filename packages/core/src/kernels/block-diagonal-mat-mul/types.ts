import type * as tf from '@tensorflow/tfjs';

/** The tensors of the kernel. */
export type BlockDiagonalMatMulInputs = {
  /** [..., blocks * in] */
  x: tf.Tensor;
  /** [blocks, out, in] */
  weights: tf.Tensor;
};
