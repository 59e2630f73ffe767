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
import {type Depth, fallingRatio, orthogonal, perFeature} from '../initializers';
import {lastPosition, mixPrevious, tokenShift} from '../token-shift';

/** Options of {@link PlainChannelMix}. */
export interface PlainChannelMixConfig extends Depth {
  /** Width between the two projections. */
  intermediateSize: number;
}

/**
 * The channel mix of version 7 (Peng et al. 2025, section 4.3), [batch, time, hidden] to the same; x' is x one position before:
 *
 *     y = relu((x + (x' - x) m) W_k)² W_v
 *
 * Weight `key_mix` m [hidden]; children `keys` [hidden, intermediate], `values` [intermediate, hidden].
 */
export class PlainChannelMix extends CausalLayer<PlainChannelMixConfig> {
  static readonly className = 'RwkvPlainChannelMix';
  private keyMix!: tf.LayerVariable;
  private keys!: Linear;
  private values!: Linear;

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {intermediateSize} = this.config;
    const power = fallingRatio(this.config) ** 4;
    this.keyMix = this.weight(
      'key_mix',
      [hiddenSize],
      perFeature((i, count) => 1 - (i / count) ** power),
    );
    const linear = (units: number, kernel = zeros) => new Linear({units, useBias: false}, {kernel});
    this.keys = this.child('keys', linear(intermediateSize, orthogonal(1)), inputShape);
    this.values = this.child('values', linear(hiddenSize), [null, intermediateSize]);
  }

  advance(x: tf.Tensor, state: StateTree | null, _options?: ForwardOptions): StreamStep {
    const shifted = tokenShift(x, (state as {shift: tf.Tensor} | null)?.shift ?? null);
    const keys = this.keys.forward(mixPrevious(x, shifted)(this.keyMix)).relu().square();
    return {output: this.values.forward(keys), state: {shift: lastPosition(x)}};
  }
}
tf.serialization.registerClass(PlainChannelMix);
