import * as tf from '@tensorflow/tfjs';

/**
 * What a function gives, and its gradients at `inputs`, zeros where it does not depend on one. It may be called within the
 * gradient of a `tf.customGrad`, which so computes anew what it did not keep.
 * @param forward Reads the inputs itself.
 * @param dy The gradient of what it gives.
 */
export function recomputedGradients(
  forward: () => tf.Tensor,
  inputs: readonly tf.Tensor[],
  dy: tf.Tensor,
): {value: tf.Tensor; gradients: tf.Tensor[]} {
  const {state} = tf.engine();
  // tfjs takes the inner gradient for an outermost one and would clear the tape that the outer gradient still needs.
  const outerTape = state.activeTape;
  try {
    const [value, ...gradients] = tf.tidy(() => {
      const {value, grads} = tf.engine().gradients(forward, [...inputs], dy, true);
      return [value, ...inputs.map((input, i) => grads[i] ?? tf.zerosLike(input))];
    });
    return {value, gradients};
  } finally {
    state.activeTape = outerTape;
  }
}
