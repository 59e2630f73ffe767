import type * as tf from '@tensorflow/tfjs';

/**
 * The sums of a {@link weightedAverageScan} over all positions so far, each [batch, channels]: those of the definition are
 * `numerator` and `denominator` times e^`maximum`.
 */
export type WeightedAverageState = {
  /** Σ of weights times values, divided by e^maximum. */
  numerator: tf.Tensor;
  /** Σ of weights, divided by e^maximum. */
  denominator: tf.Tensor;
  /** The logarithm of the largest weight. */
  maximum: tf.Tensor;
};

/** The tensors of the kernel; the state's three are there or not together. */
export type WeightedAverageInputs = {
  keys: tf.Tensor;
  values: tf.Tensor;
  decay: tf.Tensor;
  bonus: tf.Tensor;
  numerator?: tf.Tensor;
  denominator?: tf.Tensor;
  maximum?: tf.Tensor;
};

export type WeightedAverageOutputs = {output: tf.Tensor} & WeightedAverageState;
