import * as tf from '@tensorflow/tfjs';
import {type CheckpointLayout, toAuthorsNames} from '@variants/core';

/** A model or layer. */
export interface HasWeights {
  readonly trainableWeights: tf.LayerVariable[];
}

/**
 * The loss and its gradients for all trainable weights, by our names (`block_0/up/kernel`); zeros for a weight that the
 * loss does not depend on. The caller disposes them.
 */
export function gradientsOf(
  model: HasWeights,
  loss: () => tf.Scalar,
): {loss: tf.Scalar; gradients: Map<string, tf.Tensor>} {
  const weights = model.trainableWeights.map((weight) => ({
    name: weight.originalName,
    variable: weight.read() as tf.Variable,
  }));
  const {value, grads} = tf.variableGrads(
    loss,
    weights.map(({variable}) => variable),
  );
  const gradients = weights.map(({name, variable}): [string, tf.Tensor] => [
    name,
    grads[variable.name] ?? tf.zerosLike(variable),
  ]);
  return {loss: value, gradients: new Map(gradients)};
}

/** A model whose weights have names in its authors' files. */
interface HasLayout<Config> {
  readonly config: Config;
  readonly layout: CheckpointLayout<Config>;
}

/** Gradients by our names as `<prefix><authors' name>`, in the authors' shapes. */
export function authorsGradients<Config>(
  {layout, config}: HasLayout<Config>,
  gradients: ReadonlyMap<string, tf.Tensor>,
  prefix = 'grad.',
): {[name: string]: tf.Tensor} {
  const named = toAuthorsNames(layout, config, gradients);
  return Object.fromEntries([...named].map(([name, gradient]) => [prefix + name, gradient]));
}
