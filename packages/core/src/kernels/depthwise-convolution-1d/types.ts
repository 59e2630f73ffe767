import type * as tf from '@tensorflow/tfjs';

/** The tensors of the kernel. */
export type DepthwiseConvolution1dInputs = {
  /** [batch, time, channels] */
  x: tf.Tensor;
  /** [size, channels] */
  filter: tf.Tensor;
  /** [channels] */
  bias?: tf.Tensor;
  /** [batch, size - 1, channels] */
  before?: tf.Tensor;
};

/** What the kernel is told: how many rows before a position its first tap meets. */
export type DepthwiseConvolution1dAttributes = {left: number};
