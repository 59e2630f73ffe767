import * as tf from '@tensorflow/tfjs';
import {
  type LayerOptions,
  lastDimension,
  type NormConfig,
  ones,
  requireArgument,
  requireTensors,
  VariantLayer,
  zeros,
} from '@variants/core';

/**
 * Root mean square normalisation over the last axis, as the authors' code has it: epsilon is added to the root, not below it.
 *
 *     r = sqrt(mean(x²));      y = x / (r + epsilon)
 *
 * Where x is 0 the gradient through r is 0.
 *
 * @param x [..., features]
 * @param epsilon Default 1e-5.
 */
export function rootMeanSquareNorm(x: tf.Tensor, epsilon = 1e-5): tf.Tensor {
  requireTensors('rootMeanSquareNorm', {x});
  const isEpsilon = Number.isFinite(epsilon) && epsilon > 0;
  requireArgument('rootMeanSquareNorm', 'epsilon', epsilon, isEpsilon, 'a number above 0');
  const normalise = tf.customGrad((...given) => {
    const [input, save] = given as unknown as [tf.Tensor, tf.GradSaveFunc];
    const value = input.mul(rootOf(input).add(epsilon).reciprocal());
    // Last: what is saved would stay where an operation above fails.
    save([input]);
    return {
      value,
      gradFunc: (gradient: tf.Tensor, saved: tf.Tensor[]) => inputGradient(gradient, saved[0], epsilon),
    };
  });
  return tf.tidy(() => normalise(x));
}

const rootOf = (x: tf.Tensor) => x.square().mean(-1, true).sqrt();

/** With s = 1 / (r + ε): dx = s g - x s² mean(g x) / r. */
function inputGradient(g: tf.Tensor, x: tf.Tensor, epsilon: number): tf.Tensor {
  const root = rootOf(x);
  const inverse = root.add(epsilon).reciprocal();
  const along = g.mul(x).mean(-1, true);
  // Where the root is 0, so is x.
  const share = along.div(root.maximum(smallest)).mul(inverse.square());
  return g.mul(inverse).sub(x.mul(share));
}

/** No float32 is smaller with all of its digits. */
const smallest = 1.2e-38;

/** y = rootMeanSquareNorm(x) * weight. Weight `weight` [features], at first ones. Epsilon 1e-5 by default. */
export class RootMeanSquareNorm extends VariantLayer<NormConfig> {
  static readonly className = 'SimplifiedRootMeanSquareNorm';
  private scale!: tf.LayerVariable;

  constructor(config: NormConfig & LayerOptions = {}) {
    super(config);
  }

  override build(inputShape: tf.Shape): void {
    this.scale = this.weight('weight', [lastDimension(inputShape, this.path)], ones);
  }

  forward(x: tf.Tensor): tf.Tensor {
    return rootMeanSquareNorm(x, this.config.epsilon).mul(this.scale.read());
  }
}
tf.serialization.registerClass(RootMeanSquareNorm);

/** A norm's weights, as the authors' files have them where nothing runs through it: never trained. Gives x itself. */
export class IdleNorm extends VariantLayer<{useBias: boolean}> {
  static readonly className = 'SimplifiedIdleNorm';

  override build(inputShape: tf.Shape): void {
    const features = lastDimension(inputShape, this.path);
    this.weight('weight', [features], ones, false);
    if (this.config.useBias) this.weight('bias', [features], zeros, false);
  }

  forward(x: tf.Tensor): tf.Tensor {
    return x;
  }
}
tf.serialization.registerClass(IdleNorm);
