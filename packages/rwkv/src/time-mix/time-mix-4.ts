import * as tf from '@tensorflow/tfjs';
import {
  CausalLayer,
  type ForwardOptions,
  Linear,
  lastDimension,
  type StateTree,
  type StreamStep,
  type WeightedAverageState,
  zeros,
} from '@variants/core';
import {type Depth, fallingRatio, perFeature, risingRatio, widening, zigzag} from '../initializers';
import {lastPosition, mixOwn, tokenShift} from '../token-shift';
import {wkv4} from '../wkv';

/** Options of {@link TimeMix4}. */
export interface TimeMix4Config extends Depth {
  /** Width A of keys, values and receptance. Default: that of the input. */
  attentionSize?: number;
}

/** What a stream of {@link TimeMix4} remembers: the last input [batch, hidden], and the sums over all positions. */
type TimeMix4State = {shift: tf.Tensor} & WeightedAverageState;

/** A key so low that its position has no weight, yet finite. */
const lowestKey = -1e38;

/**
 * The time mix of version 4 (Peng et al. 2023, section 3.1.2), [batch, time, hidden] to the same; x' is x one position before:
 *
 *     k = (m_k x + (1 - m_k) x') W_k;   v, r alike;   y = (sigmoid(r) wkv4(k, v)) W_o
 *
 * Weights `key_mix`, `value_mix`, `receptance_mix` [hidden], `decay`, `bonus` [attention]; children `keys`, `values`,
 * `receptance` [hidden, attention], `output` [attention, hidden].
 */
export class TimeMix4 extends CausalLayer<TimeMix4Config> {
  static readonly className = 'RwkvTimeMix4';
  private mixes!: {key: tf.LayerVariable; value: tf.LayerVariable; receptance: tf.LayerVariable};
  private decay!: tf.LayerVariable;
  private bonus!: tf.LayerVariable;
  private keys!: Linear;
  private values!: Linear;
  private receptance!: Linear;
  private outputProjection!: Linear;

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {attentionSize = hiddenSize} = this.config;
    const [rising, falling] = [risingRatio(this.config), fallingRatio(this.config)];
    const mix = (name: string, power: number, more = 0) =>
      this.weight(
        name,
        [hiddenSize],
        perFeature((i, count) => (i / count) ** power + more),
      );
    this.mixes = {
      key: mix('key_mix', falling),
      value: mix('value_mix', falling, 0.3 * rising),
      receptance: mix('receptance_mix', falling / 2),
    };
    const decay = perFeature((i, count) => -5 + 8 * (i / Math.max(1, count - 1)) ** (0.7 + 1.3 * rising));
    this.decay = this.weight('decay', [attentionSize], decay);
    const bonus = perFeature((i) => Math.log(0.3) + 0.5 * zigzag(i));
    this.bonus = this.weight('bonus', [attentionSize], bonus);
    const linear = (units: number, kernel = zeros) => new Linear({units, useBias: false}, {kernel});
    this.keys = this.child('keys', linear(attentionSize), inputShape);
    this.values = this.child('values', linear(attentionSize, widening(1)), inputShape);
    this.receptance = this.child('receptance', linear(attentionSize), inputShape);
    this.outputProjection = this.child('output', linear(hiddenSize), [null, attentionSize]);
  }

  advance(x: tf.Tensor, state: StateTree | null, {attentionMask}: ForwardOptions): StreamStep {
    const before = state as TimeMix4State | null;
    const shifted = tokenShift(x, before?.shift ?? null);
    const mixed = mixOwn(x, shifted);
    const keys = this.keys.forward(mixed(this.mixes.key));
    const values = this.values.forward(mixed(this.mixes.value));
    const receptance = this.receptance.forward(mixed(this.mixes.receptance)).sigmoid();
    const masked = attentionMask ? keys.add(attentionMask.sub(1).mul(-lowestKey).expandDims(2)) : keys;
    const sums = wkv4(this.decay.read(), this.bonus.read(), masked, values, before);
    return {
      output: this.outputProjection.forward(receptance.mul(sums.output)),
      state: {shift: lastPosition(x), ...sums.state},
    };
  }
}
tf.serialization.registerClass(TimeMix4);
