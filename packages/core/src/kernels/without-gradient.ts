import * as tf from '@tensorflow/tfjs';

/**
 * Tensors that are constants to every gradient, such as a maximum that is subtracted for its size alone, or an order by hash
 * buckets: what `run` makes of other tensors is not traced back to them, and nothing is kept for a backward pass, so that it
 * serves within a `tf.customGrad`'s own forward pass too. tfjs has no such function of its own.
 * @param run Makes a tensor, or a list or an object of them, however deep. What else it makes is freed.
 */
export function withoutGradient<Result extends object>(run: () => Result): Result {
  const {state} = tf.engine();
  // As inside of a kernel, whose steps tfjs does not write down for the way back.
  state.kernelDepth++;
  try {
    // tfjs's type of `tidy` has no word for read-only lists and parts that may be missing.
    return tf.tidy(run as unknown as () => tf.TensorContainer) as unknown as Result;
  } finally {
    state.kernelDepth--;
  }
}
