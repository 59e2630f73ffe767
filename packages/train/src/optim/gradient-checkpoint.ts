import * as tf from '@tensorflow/tfjs';
import {ConfigError, type ForwardOptions, type VariantLayer} from '@variants/core';

/**
 * The layer's output for `x`, with gradients for `x` and the layer's weights, without keeping what lies between: the
 * gradient runs the layer a second time (Chen et al. 2016). It costs a third forward pass in time; memory is `x`.
 *
 * Dropout draws from `options.random`, and the second run draws the same. The layer must use no weights but its own: a
 * head that is tied to an embedding must run without this.
 * @param x float32
 * @throws ConfigError in training without `options.random`
 */
export function checkpointed(layer: VariantLayer, x: tf.Tensor, options: ForwardOptions): tf.Tensor {
  if (options.training && !options.random)
    throw new ConfigError('checkpointed: training needs options.random, so that dropout draws the same masks twice');
  const weights = layer.trainableWeights.map((weight) => weight.read());
  const before = options.random?.clone();
  const run = tf.customGrad((...given) => {
    const save = given[given.length - 1] as tf.GradSaveFunc;
    save([x]);
    const y = layer.forward(x, options);
    return {
      // An output that is the input would be a loop in tfjs's tape.
      value: y === x ? y.clone() : y,
      gradFunc: (dy, saved) => {
        const [input] = saved as tf.Tensor[];
        const forward = () => layer.forward(input, {...options, random: before?.clone()});
        return recomputedGradients(forward, [input, ...weights], dy);
      },
    };
  });
  return run(x, ...weights);
}

/** The gradients of `forward` at `inputs`, zeros where it does not depend on one; callable within a gradient. */
function recomputedGradients(forward: () => tf.Tensor, inputs: tf.Tensor[], dy: tf.Tensor): tf.Tensor[] {
  const {state} = tf.engine();
  // tfjs takes the inner gradient for an outermost one and would clear the tape that the outer gradient still needs.
  const outerTape = state.activeTape;
  try {
    return tf.tidy(() => {
      const {grads} = tf.engine().gradients(forward, inputs, dy, true);
      return inputs.map((input, i) => grads[i] ?? tf.zerosLike(input));
    });
  } finally {
    state.activeTape = outerTape;
  }
}
