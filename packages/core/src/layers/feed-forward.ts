import * as tf from '@tensorflow/tfjs';
import {ConfigError} from '../errors';
import {type Activation, activation} from './activations';
import {Dropout} from './dropout';
import type {Initializer} from './initializers';
import {type ForwardOptions, inference, type LayerOptions, lastDimension, VariantLayer} from './layer';
import {Linear} from './linear';

/** Options of {@link FeedForward}. */
export interface FeedForwardConfig {
  /** Features between the two projections. */
  intermediateSize: number;
  /** Default 'gelu'. */
  activation?: Activation;
  /** A gated unit (Shazeer 2020): down(activation(up x) * gate x). SwiGLU is gated with 'silu', GLU with 'sigmoid'. Default false. */
  gated?: boolean;
  /**
   * One projection in place of `up` and `gate`: the first half of what it gives is activated, the second is the gate. With
   * `gated` only. Default false.
   */
  fusedGate?: boolean;
  /** Biases on `up` and `gate`. Default true. */
  useBias?: boolean;
  /** A bias on `down`. Default: as useBias. */
  useOutputBias?: boolean;
  /** Dropout of what `down` takes, in training. Default 0. */
  dropout?: number;
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
 * Children `up` and `gate` [hidden, intermediate], or `up` [hidden, 2 intermediate] for both when they are fused; `down`
 * [intermediate, hidden].
 */
export class FeedForward extends VariantLayer<FeedForwardConfig> {
  static readonly className = 'VariantsFeedForward';
  private up!: Linear;
  private gate?: Linear;
  private down!: Linear;
  private dropout?: Dropout;
  private readonly activate: (x: tf.Tensor) => tf.Tensor;

  constructor(
    config: FeedForwardConfig & LayerOptions,
    private readonly initializers: FeedForwardInitializers = {},
  ) {
    super(config);
    this.activate = activation(config.activation ?? 'gelu');
    if (config.fusedGate && !config.gated)
      throw new ConfigError(`FeedForward: fusedGate is true, but needs gated to be true`);
  }

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {intermediateSize, gated, fusedGate, useBias, useOutputBias = useBias, dropout = 0} = this.config;
    const {up, gate, down, upBias, downBias} = this.initializers;
    const inner = (name: string, units: number, kernel?: Initializer) =>
      this.child(name, new Linear({units, useBias}, {kernel, bias: upBias}), [null, hiddenSize]);
    this.up = inner('up', fusedGate ? 2 * intermediateSize : intermediateSize, up);
    if (gated && !fusedGate) this.gate = inner('gate', intermediateSize, gate);
    const outer = new Linear({units: hiddenSize, useBias: useOutputBias}, {kernel: down, bias: downBias});
    this.down = this.child('down', outer, [null, intermediateSize]);
    if (dropout > 0) this.dropout = this.child('dropout', new Dropout({rate: dropout}), [null]);
  }

  forward(x: tf.Tensor, options: ForwardOptions = inference): tf.Tensor {
    const up = this.up.forward(x);
    const [inner, gate] = this.config.fusedGate ? tf.split(up, 2, -1) : [up, this.gate?.forward(x)];
    const activated = this.activate(inner);
    const inside = gate ? activated.mul(gate) : activated;
    return this.down.forward(this.dropout ? this.dropout.forward(inside, options) : inside);
  }
}
tf.serialization.registerClass(FeedForward);
