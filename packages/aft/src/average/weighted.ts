import type * as tf from '@tensorflow/tfjs';

/** Numbers e^exponent · values: a term for each position, or sums of them for each row. */
export type Weighted = {
  /** [heads, blocks, rows, N]: of a position its key; of a sum about the logarithm of its largest weight. */
  exponent: tf.Tensor;
  /** [heads, blocks, rows, D + 1, N] */
  values: tf.Tensor;
};

/** A key that no other has any weight beside, and finite: -infinity would give NaN where it meets itself. */
export const lowestKey = -1e38;

/** Keys of which those of -infinity, that nobody may look at, are the lowest. */
export const finiteKeys = (keys: tf.Tensor): tf.Tensor => keys.maximum(lowestKey);
