import * as tf from '@tensorflow/tfjs';
import {
  type Activation,
  activation,
  type Initializer,
  type LayerOptions,
  Linear,
  VariantLayer,
  zeros,
} from '@variants/core';

/** Options of {@link LowRank}. */
export interface LowRankConfig {
  /** Features between the two matrices. */
  rank: number;
  /** Features of the output. */
  units: number;
  /** Between the two matrices. Default 'identity'. */
  activation?: Activation;
}

/**
 * A matrix as the product of two thin ones, activation(x A) B, [..., features] to [..., units]. Children `down` A [features,
 * rank], at first 0, and `up` B [rank, units].
 */
export class LowRank extends VariantLayer<LowRankConfig> {
  static readonly className = 'RwkvLowRank';
  private down!: Linear;
  private up!: Linear;

  constructor(
    config: LowRankConfig & LayerOptions,
    private readonly initializer?: Initializer,
  ) {
    super(config);
  }

  override build(inputShape: tf.Shape): void {
    const {rank, units} = this.config;
    const linear = (size: number, kernel?: Initializer) => new Linear({units: size, useBias: false}, {kernel});
    this.down = this.child('down', linear(rank, zeros), inputShape);
    this.up = this.child('up', linear(units, this.initializer), [null, rank]);
  }

  forward(x: tf.Tensor): tf.Tensor {
    return this.up.forward(activation(this.config.activation ?? 'identity')(this.down.forward(x)));
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return [...inputShape.slice(0, -1), this.config.units];
  }
}
tf.serialization.registerClass(LowRank);
