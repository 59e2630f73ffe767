import * as tf from '@tensorflow/tfjs';
import {
  type Activation,
  activation,
  type Initializer,
  LayerNorm,
  Linear,
  lastDimension,
  linearUniform,
  VariantLayer,
} from '@variants/core';

/** Options of {@link SubNormFeedForward}. */
export interface SubNormFeedForwardConfig {
  /** Features between the two projections. */
  intermediateSize: number;
  /** Default 'gelu'. */
  activation?: Activation;
  /** A norm before the second projection. Default true. */
  subLayerNorm?: boolean;
  /** Epsilon of that norm. Default 1e-5. */
  normEpsilon?: number;
  /** What the first values of the matrices are multiplied with. Default 1. */
  initialGain?: number;
}

/**
 * The feed-forward of Magneto (Wang et al. 2022, arXiv 2210.06423), [..., hidden] to the same:
 *
 *     down(norm(activation(up x)))
 *
 * Children `up` [hidden, intermediate], `norm`, `down` [intermediate, hidden].
 */
export class SubNormFeedForward extends VariantLayer<SubNormFeedForwardConfig> {
  static readonly className = 'LongNetSubNormFeedForward';
  private up!: Linear;
  private norm: LayerNorm | null = null;
  private down!: Linear;

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {intermediateSize, subLayerNorm = true, normEpsilon: epsilon = 1e-5, initialGain = 1} = this.config;
    const kernel: Initializer = (shape, random) => linearUniform(shape, random).map((weight) => initialGain * weight);
    const inside = [null, intermediateSize];
    this.up = this.child('up', new Linear({units: intermediateSize}, {kernel}), [null, hiddenSize]);
    if (subLayerNorm) this.norm = this.child('norm', new LayerNorm({epsilon}), inside);
    this.down = this.child('down', new Linear({units: hiddenSize}, {kernel}), inside);
  }

  forward(x: tf.Tensor): tf.Tensor {
    const inner = activation(this.config.activation ?? 'gelu')(this.up.forward(x));
    return this.down.forward(this.norm ? this.norm.forward(inner) : inner);
  }
}
tf.serialization.registerClass(SubNormFeedForward);
