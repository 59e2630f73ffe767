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
import {type Depth, fallingRatio, orthogonal, perFeature, widening} from '../initializers';
import {lastPosition, mixOwn, mixPrevious, tokenShift} from '../token-shift';

/** Options of {@link GatedChannelMix}. */
export interface GatedChannelMixConfig extends Depth {
  /** The generation that it is of. Default 6. */
  version?: 4 | 5 | 6;
  /** Width between the two projections. */
  intermediateSize: number;
}

/** What a stream of a channel mix remembers: the last input [batch, hidden]. */
type ChannelMixState = {shift: tf.Tensor};

/**
 * The channel mix of versions 4 to 6 (Peng et al. 2023, section 3.1.3; 2024, section 4.3), [batch, time, hidden] to the same; x' is x one position before:
 *
 *     k = relu((m_k x + (1 - m_k) x') W_k)²;   r = (m_r x + (1 - m_r) x') W_r;   y = sigmoid(r) (k W_v)
 *
 * In version 6 m is the weight of x', not of x.
 *
 * Weights `key_mix`, `receptance_mix` [hidden]; children `keys` [hidden, intermediate], `receptance` [hidden, hidden],
 * `values` [intermediate, hidden].
 */
export class GatedChannelMix extends CausalLayer<GatedChannelMixConfig> {
  static readonly className = 'RwkvGatedChannelMix';
  private keyMix!: tf.LayerVariable;
  private receptanceMix!: tf.LayerVariable;
  private keys!: Linear;
  private receptance!: Linear;
  private values!: Linear;

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {intermediateSize} = this.config;
    const {version = 6} = this.config;
    const falling = fallingRatio(this.config);
    const mix = perFeature((i, count) => (version < 6 ? (i / count) ** falling : 1 - (i / count) ** (falling ** 3)));
    this.keyMix = this.weight('key_mix', [hiddenSize], mix);
    this.receptanceMix = this.weight('receptance_mix', [hiddenSize], mix);
    const linear = (units: number, kernel = zeros) => new Linear({units, useBias: false}, {kernel});
    this.keys = this.child('keys', linear(intermediateSize, version === 4 ? widening(1) : orthogonal(1)), inputShape);
    this.receptance = this.child('receptance', linear(hiddenSize), inputShape);
    this.values = this.child('values', linear(hiddenSize), [null, intermediateSize]);
  }

  advance(x: tf.Tensor, state: StateTree | null, _options?: ForwardOptions): StreamStep {
    const shifted = tokenShift(x, (state as ChannelMixState | null)?.shift ?? null);
    const mixed = (this.config.version ?? 6) < 6 ? mixOwn(x, shifted) : mixPrevious(x, shifted);
    const keys = this.keys.forward(mixed(this.keyMix)).relu().square();
    const receptance = this.receptance.forward(mixed(this.receptanceMix)).sigmoid();
    return {output: receptance.mul(this.values.forward(keys)), state: {shift: lastPosition(x)}};
  }
}
tf.serialization.registerClass(GatedChannelMix);
