import * as tf from '@tensorflow/tfjs';

/**
 * Tensors that are constants to every gradient, such as a maximum that is subtracted for its size alone: what `run` makes of
 * other tensors is not traced back to them. tfjs has no such function of its own.
 * @param run Makes a tensor, or a list or an object of them. What else it makes is freed.
 */
export function withoutGradient<Result extends tf.TensorContainer>(run: () => Result): Result {
  const {state} = tf.engine();
  // As inside of a kernel, whose steps tfjs does not write down for the way back.
  state.kernelDepth++;
  try {
    return tf.tidy(run);
  } finally {
    state.kernelDepth--;
  }
}
