import * as tf from '@tensorflow/tfjs';
import {type Activation, activation} from './activations';
import type {Initializer} from './initializers';
import {type LayerOptions, lastDimension, VariantLayer} from './layer';
import {Linear, type LinearInitializers} from './linear';

/** Options of {@link FeedForward}. */
export interface FeedForwardConfig {
  /** Features between the two projections. */
  intermediateSize: number;
  /** Default 'gelu'. */
  activation?: Activation;
  /** A gated unit (Shazeer 2020): down(activation(up x) * gate x). SwiGLU is gated with 'silu', GLU with 'sigmoid'. Default false. */
  gated?: boolean;
  /** Biases on all projections. Default true. */
  useBias?: boolean;
}

/** How a {@link FeedForward}'s first weights are drawn; each as in a Linear where missing. */
export interface FeedForwardInitializers {
  up?: Initializer;
  gate?: Initializer;
  down?: Initializer;
  /** The bias of `up` and of `gate`. */
  upBias?: Initializer;
  downBias?: Initializer;
}

/**
 * Position-wise feed-forward, [..., hidden] to [..., hidden]:
 *
 *     down(activation(up x))      or, gated,      down(activation(up x) * gate x)
 *
 * Children `up` and `gate` [hidden, intermediate], `down` [intermediate, hidden].
 */
export class FeedForward extends VariantLayer<FeedForwardConfig> {
  static readonly className = 'VariantsFeedForward';
  private up!: Linear;
  private gate?: Linear;
  private down!: Linear;
  private readonly activate: (x: tf.Tensor) => tf.Tensor;

  constructor(
    config: FeedForwardConfig & LayerOptions,
    private readonly initializers: FeedForwardInitializers = {},
  ) {
    super(config);
    this.activate = activation(config.activation ?? 'gelu');
  }

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {intermediateSize, gated, useBias} = this.config;
    const {up, gate, down, upBias, downBias} = this.initializers;
    const linear = (units: number, initializers: LinearInitializers) => new Linear({units, useBias}, initializers);
    this.up = this.child('up', linear(intermediateSize, {kernel: up, bias: upBias}), [null, hiddenSize]);
    if (gated)
      this.gate = this.child('gate', linear(intermediateSize, {kernel: gate, bias: upBias}), [null, hiddenSize]);
    this.down = this.child('down', linear(hiddenSize, {kernel: down, bias: downBias}), [null, intermediateSize]);
  }

  forward(x: tf.Tensor): tf.Tensor {
    const activated = this.activate(this.up.forward(x));
    return this.down.forward(this.gate ? activated.mul(this.gate.forward(x)) : activated);
  }
}
tf.serialization.registerClass(FeedForward);
