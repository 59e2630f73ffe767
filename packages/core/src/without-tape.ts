import * as tf from '@tensorflow/tfjs';

/**
 * Runs something that tfjs's gradients do not see: what it gives counts as constant, and nothing is kept for a backward pass.
 * For choices without a gradient, such as an order by hash buckets, and within a `tf.customGrad`'s own forward pass.
 */
export function withoutTape<Result>(run: () => Result): Result {
  const {state} = tf.engine();
  // As within a kernel, whose steps are no steps of the tape.
  state.kernelDepth++;
  try {
    return run();
  } finally {
    state.kernelDepth--;
  }
}
