import type * as tf from '@tensorflow/tfjs';

/** What the kernel `CtcLoss` takes. */
export type CtcInputs = {
  /** [batch, time, classes] float32 */
  logits: tf.Tensor;
  /** int32 [batch, labels] */
  targets: tf.Tensor;
  /** Frames of each sample, int32 [batch]. */
  inputLengths: tf.Tensor;
  /** Labels of each sample, int32 [batch]. */
  targetLengths: tf.Tensor;
};

/**
 * What it gives. The states of a target y of S labels, blank y_1 blank y_2 ... blank, stand in pairs: the blank i and the
 * label i behind it, i = 0 .. S, of which the last has no label.
 */
export type CtcOutputs = {
  /** -log p of each sample, [batch]; infinite where no alignment is possible. */
  loss: tf.Tensor;
  /**
   * For the gradient, log of the probability of all beginnings of alignments that end in a state, less a number of each
   * time's own: [batch, time, label or blank, lanes]. What lies behind a sample's frames and labels may be anything.
   */
  alphas: tf.Tensor;
  /** For the gradient, [batch, time, 2]: the largest logit, and the logarithm of the sum of exp(logit - largest). */
  normalizer: tf.Tensor;
};

/** Attributes of the kernel `CtcLoss`. */
export interface CtcAttributes {
  blank: number;
}

/** What stands for log 0: sums of two of it are finite, so that no difference is NaN. */
export const impossible = -1e38;

/** States of a kind that are computed together: a label and a blank more than there are labels, in fours. */
export const laneCount = (labels: number): number => 4 * Math.ceil((labels + 1) / 4);
