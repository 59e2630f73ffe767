import * as tf from '@tensorflow/tfjs';
import {
  CausalLayer,
  type ForwardOptions,
  Linear,
  lastDimension,
  type StateTree,
  type StreamStep,
  zeros,
} from '@variants/core';
import {type Depth, fallingRatio, orthogonal, perFeature, widening} from './initializers';
import {lastPosition, lerpBetween, tokenShift} from './token-shift';

/** What a stream of a channel mix remembers: the last input [batch, hidden]. */
export type ChannelMixState = {shift: tf.Tensor};

/** Options that all channel mixes have. */
interface ChannelMixConfig extends Depth {
  /** Width between the two projections. */
  intermediateSize: number;
}

/** What the channel mixes share: how a stream of one begins, and their matrices. */
abstract class ChannelMix<Config extends ChannelMixConfig> extends CausalLayer<Config> {
  protected hiddenSize!: number;

  override build(inputShape: tf.Shape): void {
    this.hiddenSize = lastDimension(inputShape, this.path);
  }

  /** What a stream of `batch` sequences remembers that was fed nothing yet: zeros. Runs inside a `tf.tidy` of the caller. */
  initialState(batch: number): ChannelMixState {
    return {shift: tf.zeros([batch, this.hiddenSize])};
  }

  /** x' of x: what stands one position before. */
  protected shifted(x: tf.Tensor, state: StateTree | null): tf.Tensor {
    return tokenShift(x, (state as ChannelMixState | null)?.shift ?? null);
  }

  /** A matrix without bias. */
  protected matrix(name: string, inputs: number, units: number, kernel = zeros): Linear {
    return this.child(name, new Linear({units, useBias: false}, {kernel}), [null, inputs]);
  }
}

/** Options of {@link GatedChannelMix}. */
export interface GatedChannelMixConfig extends ChannelMixConfig {
  /** The generation that it is of. Default 6. */
  version?: 4 | 5 | 6;
}

/**
 * The channel mix of versions 4 to 6 (Peng et al. 2023, section 3.1.3; 2024, section 4.3), [batch, time, hidden] to the same; x' is
 * x one position before, lerp(m) = x' + (x - x') m:
 *
 *     k = relu(lerp(m_k) W_k)²;   r = lerp(m_r) W_r;   y = sigmoid(r) (k W_v)
 *
 * In version 6 lerp(m) = x + (x' - x) m.
 *
 * Weights `key_mix` m_k, `receptance_mix` m_r [hidden]; children `keys` [hidden, intermediate], `receptance` [hidden, hidden],
 * `values` [intermediate, hidden].
 */
export class GatedChannelMix extends ChannelMix<GatedChannelMixConfig> {
  static readonly className = 'RwkvGatedChannelMix';
  private m!: {[name in 'key' | 'receptance']: tf.LayerVariable};
  private keys!: Linear;
  private receptance!: Linear;
  private values!: Linear;

  override build(inputShape: tf.Shape): void {
    super.build(inputShape);
    const {hiddenSize} = this;
    const {intermediateSize, version = 6} = this.config;
    const falling = fallingRatio(this.config);
    const initial = perFeature((i, count) =>
      version < 6 ? (i / count) ** falling : 1 - (i / count) ** (falling ** 3),
    );
    this.m = {
      key: this.weight('key_mix', [hiddenSize], initial),
      receptance: this.weight('receptance_mix', [hiddenSize], initial),
    };
    this.keys = this.matrix('keys', hiddenSize, intermediateSize, version === 4 ? widening(1) : orthogonal(1));
    this.receptance = this.matrix('receptance', hiddenSize, hiddenSize);
    this.values = this.matrix('values', intermediateSize, hiddenSize);
  }

  advance(x: tf.Tensor, state: StateTree | null, _options?: ForwardOptions): StreamStep {
    const {version = 6} = this.config;
    const shifted = this.shifted(x, state);
    const lerp = version < 6 ? lerpBetween(shifted, x) : lerpBetween(x, shifted);
    const k = this.keys.forward(lerp(this.m.key.read())).relu().square();
    const r = this.receptance.forward(lerp(this.m.receptance.read()));
    return {output: r.sigmoid().mul(this.values.forward(k)), state: {shift: lastPosition(x)}};
  }
}
tf.serialization.registerClass(GatedChannelMix);

/** Options of {@link PlainChannelMix}. */
export type PlainChannelMixConfig = ChannelMixConfig;

/**
 * The channel mix of version 7 (Peng et al. 2025, section 4.3), [batch, time, hidden] to the same; x' is x one position before,
 * lerp(m) = x + (x' - x) m:
 *
 *     k = relu(lerp(m_k) W_k)²;   y = k W_v
 *
 * Weight `key_mix` m_k [hidden]; children `keys` [hidden, intermediate], `values` [intermediate, hidden].
 */
export class PlainChannelMix extends ChannelMix<PlainChannelMixConfig> {
  static readonly className = 'RwkvPlainChannelMix';
  private m!: {key: tf.LayerVariable};
  private keys!: Linear;
  private values!: Linear;

  override build(inputShape: tf.Shape): void {
    super.build(inputShape);
    const {hiddenSize} = this;
    const {intermediateSize} = this.config;
    const power = fallingRatio(this.config) ** 4;
    const initial = perFeature((i, count) => 1 - (i / count) ** power);
    this.m = {key: this.weight('key_mix', [hiddenSize], initial)};
    this.keys = this.matrix('keys', hiddenSize, intermediateSize, orthogonal(1));
    this.values = this.matrix('values', intermediateSize, hiddenSize);
  }

  advance(x: tf.Tensor, state: StateTree | null, _options?: ForwardOptions): StreamStep {
    const lerp = lerpBetween(x, this.shifted(x, state));
    const k = this.keys.forward(lerp(this.m.key.read())).relu().square();
    return {output: this.values.forward(k), state: {shift: lastPosition(x)}};
  }
}
tf.serialization.registerClass(PlainChannelMix);
