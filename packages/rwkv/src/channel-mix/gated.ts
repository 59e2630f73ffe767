import * as tf from '@tensorflow/tfjs';
import {
  type Advanced,
  CausalLayer,
  type ForwardOptions,
  Linear,
  lastDimension,
  type StateTree,
  zeros,
} from '@variants/core';
import {type Depth, fallingRatio, orthogonal, perFeature} from '../initializers';
import {lastPosition, tokenShift} from '../token-shift';

/** Options of {@link GatedChannelMix}. */
export interface GatedChannelMixConfig extends Depth {
  /** Width between the two projections. */
  intermediateSize: number;
}

/** What a stream of a channel mix remembers: the last input [batch, hidden]. */
type ChannelMixState = {shift: tf.Tensor};

/**
 * The channel mix of version 4 (Peng et al. 2023, section 3.1.3), [batch, time, hidden] to the same; x' is x one position before:
 *
 *     k = relu((m_k x + (1 - m_k) x') W_k)²;   r = (m_r x + (1 - m_r) x') W_r;   y = sigmoid(r) (k W_v)
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
    const mix = perFeature((i, count) => (i / count) ** fallingRatio(this.config));
    this.keyMix = this.weight('key_mix', [hiddenSize], mix);
    this.receptanceMix = this.weight('receptance_mix', [hiddenSize], mix);
    const linear = (units: number, kernel = zeros) => new Linear({units, useBias: false}, {kernel});
    this.keys = this.child('keys', linear(intermediateSize, orthogonal(1)), inputShape);
    this.receptance = this.child('receptance', linear(hiddenSize), inputShape);
    this.values = this.child('values', linear(hiddenSize), [null, intermediateSize]);
    this.built = true;
  }

  forward(x: tf.Tensor): tf.Tensor {
    return this.advance(x, null).output;
  }

  advance(x: tf.Tensor, state: StateTree | null, _options?: ForwardOptions): Advanced {
    const shifted = tokenShift(x, (state as ChannelMixState | null)?.shift ?? null);
    const difference = x.sub(shifted);
    const mixed = (mix: tf.LayerVariable) => shifted.add(difference.mul(mix.read()));
    const keys = this.keys.forward(mixed(this.keyMix)).relu().square();
    const receptance = this.receptance.forward(mixed(this.receptanceMix)).sigmoid();
    return {output: receptance.mul(this.values.forward(keys)), state: {shift: lastPosition(x)}};
  }
}
tf.serialization.registerClass(GatedChannelMix);
