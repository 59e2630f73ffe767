import * as tf from '@tensorflow/tfjs';
import {
  type ForwardOptions,
  Linear,
  lastDimension,
  type StateTree,
  type StreamStep,
  type WeightedAverageState,
  zeros,
} from '@variants/core';
import {type Depth, fallingRatio, perFeature, risingRatio, widening, zigzag} from '../initializers';
import {lastPosition, lerpBetween, tokenShift} from '../token-shift';
import {wkv4} from '../wkv';
import {TimeMix} from './time-mix';

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
 * The time mix of version 4 (Peng et al. 2023, section 3.1.2), [batch, time, hidden] to the same; x' is x one position before,
 * lerp(m) = x' + (x - x') m:
 *
 *     k = lerp(m_k) W_k;   v, r alike;   log d = -e^decay
 *     y = (sigmoid(r) wkv4(k, v, {log d, u})) W_o
 *
 * Weights `key_mix`, `value_mix`, `receptance_mix` m [hidden], `decay`, `bonus` u [attention]; children `keys`, `values`,
 * `receptance` [hidden, attention], `output` [attention, hidden].
 */
export class TimeMix4 extends TimeMix<TimeMix4Config> {
  static readonly className = 'RwkvTimeMix4';
  private m!: {[name in 'key' | 'value' | 'receptance']: tf.LayerVariable};
  private decay!: tf.LayerVariable;
  private bonus!: tf.LayerVariable;
  private keys!: Linear;
  private values!: Linear;
  private receptance!: Linear;
  private outputProjection!: Linear;
  private sizes!: {hiddenSize: number; attentionSize: number};

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {attentionSize = hiddenSize} = this.config;
    this.sizes = {hiddenSize, attentionSize};
    const [rising, falling] = [risingRatio(this.config), fallingRatio(this.config)];
    const m = (name: string, power: number, more = 0) => {
      const initial = perFeature((i, count) => (i / count) ** power + more);
      return this.weight(`${name}_mix`, [hiddenSize], initial);
    };
    this.m = {
      key: m('key', falling),
      value: m('value', falling, 0.3 * rising),
      receptance: m('receptance', falling / 2),
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

  initialState(batch: number): TimeMix4State {
    const {hiddenSize, attentionSize} = this.sizes;
    const nothing = () => tf.zeros([batch, attentionSize]);
    return {
      shift: tf.zeros([batch, hiddenSize]),
      ...{numerator: nothing(), denominator: nothing(), maximum: tf.fill([batch, attentionSize], lowestKey)},
    };
  }

  advance(x: tf.Tensor, state: StateTree | null, {attentionMask}: ForwardOptions): StreamStep {
    const {shift, ...sums} = (state as TimeMix4State | null) ?? {shift: null};
    const lerp = lerpBetween(tokenShift(x, shift), x);
    const k = this.keys.forward(lerp(this.m.key.read()));
    const v = this.values.forward(lerp(this.m.value.read()));
    const r = this.receptance.forward(lerp(this.m.receptance.read()));
    const masked = attentionMask ? k.add(attentionMask.sub(1).mul(-lowestKey).expandDims(2)) : k;
    const logDecay = this.decay.read().exp().neg();
    const read = wkv4(masked, v, {logDecay, bonus: this.bonus.read(), state: 'numerator' in sums ? sums : null});
    return {
      output: this.outputProjection.forward(r.sigmoid().mul(read.output)),
      state: {shift: lastPosition(x), ...read.state},
    };
  }
}
tf.serialization.registerClass(TimeMix4);
