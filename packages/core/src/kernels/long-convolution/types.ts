import type * as tf from '@tensorflow/tfjs';

/** The tensors of the kernel; see {@link longConvolution}. */
export type LongConvolutionInputs = {
  x: tf.Tensor;
  filter: tf.Tensor;
  future?: tf.Tensor;
  skip?: tf.Tensor;
  gate?: tf.Tensor;
};

export interface LongConvolutionAttributes {
  mode: 'causal' | 'circular';
}
