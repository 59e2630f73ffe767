import type * as tf from '@tensorflow/tfjs';

/** A value whose error is relative to `scale`, because it is a sum whose terms cancel. */
export interface Measured {
  value: tf.Tensor;
  scale: number | tf.Tensor;
}

/** What was computed for a stored tensor. */
export type ActualTensor = tf.Tensor | number | Measured;

/**
 * What was computed for a case, by the names of the stored tensors (`output.logits`, `loss`, `grad.input.x`), or functions
 * that compute it. Names that a case does not store are left alone, and their functions not called.
 */
export type Actual = {[name: string]: ActualTensor | (() => ActualTensor | Promise<ActualTensor>)};
