import type * as tf from '@tensorflow/tfjs';

/**
 * What a causal long convolution remembers of a stream. It keeps its shapes, whatever the position, while there is room.
 * Whoever makes or reads one need only know `inputs` and `length`: with `base` -1 the rest is computed anew.
 */
export type ConvolutionState = {
  /** What was fed so far, [batch, capacity, channels]. */
  inputs: tf.Tensor;
  /** What the positions before `base` add to the output of each, [batch, capacity, channels]. */
  carried: tf.Tensor;
  /**
   * What blocks of positions since `base` add to the block after them, [batch, capacity, channels]: those of 2^q positions
   * in the rows from 2^q on.
   */
  blocks: tf.Tensor;
  /** [] int32: how many positions were fed. */
  length: tf.Scalar;
  /** [] int32: the position that blocks are counted from, or -1 where `carried` is yet to be computed. */
  base: tf.Scalar;
};

/** The tensors of the kernel. */
export type OnlineConvolutionInputs = {x: tf.Tensor; filter: tf.Tensor} & ConvolutionState;

export type OnlineConvolutionOutputs = {
  y: tf.Tensor;
  inputs: tf.Tensor;
  carried: tf.Tensor;
  blocks: tf.Tensor;
  base: tf.Tensor;
};
