import * as tf from '@tensorflow/tfjs';
import {type Initializer, linearUniform, zeros} from './initializers';
import {firstShape, type LayerOptions, lastDimension, VariantLayer} from './layer';

/** Options of {@link Linear}. */
export interface LinearConfig {
  /** Features of the output. */
  units: number;
  /** Adds a bias. Default true. */
  useBias?: boolean;
}

/** How a {@link Linear}'s first weights are drawn. */
export interface LinearInitializers {
  /** Default: uniform within 1 / sqrt(in), as PyTorch does. */
  kernel?: Initializer;
  /** Default: zeros. */
  bias?: Initializer;
}

/** y = x W + b over the last axis. Weights `kernel` [in, out] and `bias` [out]. */
export class Linear extends VariantLayer<LinearConfig> {
  static readonly className = 'VariantsLinear';
  private kernel!: tf.LayerVariable;
  private bias?: tf.LayerVariable;

  constructor(
    config: LinearConfig & LayerOptions,
    private readonly initializers: LinearInitializers = {},
  ) {
    super(config);
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const inputs = lastDimension(inputShape, this.path);
    this.kernel = this.weight('kernel', [inputs, this.config.units], this.initializers.kernel ?? linearUniform);
    if (this.config.useBias ?? true)
      this.bias = this.weight('bias', [this.config.units], this.initializers.bias ?? zeros);
  }

  forward(x: tf.Tensor): tf.Tensor {
    return this.addBias(this.rowsTimes(x)).reshape(this.shapeOf(x));
  }

  /** x W alone. */
  multiply(x: tf.Tensor): tf.Tensor {
    return this.rowsTimes(x).reshape(this.shapeOf(x));
  }

  private rowsTimes(x: tf.Tensor): tf.Tensor {
    // As one matrix product: tfjs is faster at [rows, in] than at [batch, time, in].
    return tf.matMul(x.reshape([-1, x.shape[x.rank - 1] as number]), this.kernel.read());
  }

  private shapeOf(x: tf.Tensor): number[] {
    return [...x.shape.slice(0, -1), this.config.units];
  }

  /** y + b, where there is a bias. */
  addBias(y: tf.Tensor): tf.Tensor {
    return this.bias ? y.add(this.bias.read()) : y;
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    return [...firstShape(inputShape).slice(0, -1), this.config.units];
  }
}
tf.serialization.registerClass(Linear);
