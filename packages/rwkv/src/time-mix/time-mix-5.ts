import * as tf from '@tensorflow/tfjs';
import {
  activation,
  type ForwardOptions,
  type Linear,
  lastDimension,
  type StateTree,
  type StreamStep,
} from '@variants/core';
import {fallingRatio, initialBonus, initialDecay, perFeature, risingRatio} from '../initializers';
import {lastPosition, lerpBetween, tokenShift} from '../token-shift';
import {wkv56} from '../wkv';
import {MatrixTimeMix, type MatrixTimeMixConfig} from './time-mix';

/** Options of {@link TimeMix5}. */
export type TimeMix5Config = MatrixTimeMixConfig;

/**
 * The time mix of version 5, Eagle (Peng et al. 2024, section 4.1), [batch, time, hidden] to the same; x' is x one position
 * before, lerp(m) = x' + (x - x') m:
 *
 *     k = lerp(m_k) W_k;   v, r, g alike;   log d = -e^decay
 *     y = (headNorm(wkv56(r, k, v, {log d, u})) silu(g)) W_o
 *
 * Weights `key_mix`, `value_mix`, `receptance_mix`, `gate_mix` m [hidden], `decay`, `bonus` u [heads, N]; children `gate` [hidden,
 * attention] and those of {@link MatrixTimeMix}.
 */
export class TimeMix5 extends MatrixTimeMix<TimeMix5Config> {
  static readonly className = 'RwkvTimeMix5';
  private m!: {[name in 'key' | 'value' | 'receptance' | 'gate']: tf.LayerVariable};
  private decay!: tf.LayerVariable;
  private bonus!: tf.LayerVariable;
  private gate!: Linear;

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {numHeads, attentionSize = hiddenSize} = this.config;
    const [rising, falling] = [risingRatio(this.config), fallingRatio(this.config)];
    const m = (name: string, power: number, more = 0) => {
      const initial = perFeature((i, count) => (i / count) ** power + more);
      return this.weight(`${name}_mix`, [hiddenSize], initial);
    };
    this.m = {
      key: m('key', falling),
      value: m('value', falling, 0.3 * rising),
      receptance: m('receptance', falling / 2),
      gate: m('gate', falling / 2),
    };
    const perHead = [numHeads, attentionSize / numHeads];
    this.decay = this.weight('decay', perHead, initialDecay(this.config));
    this.bonus = this.weight('bonus', perHead, initialBonus(this.config));
    this.buildProjections(hiddenSize, attentionSize);
    this.gate = this.projection('gate', 0.1, hiddenSize, attentionSize);
  }

  advance(x: tf.Tensor, state: StateTree | null, _options?: ForwardOptions): StreamStep {
    const {shift, memory} = this.before(x, state);
    const lerp = lerpBetween(tokenShift(x, shift), x);
    const [r, k, v] = [
      this.receptance.forward(lerp(this.m.receptance.read())),
      this.keys.forward(lerp(this.m.key.read())),
      this.values.forward(lerp(this.m.value.read())),
    ].map((projected) => this.splitHeads(projected));
    const g = this.gate.forward(lerp(this.m.gate.read()));
    const logDecay = this.decay.read().exp().neg();
    const read = wkv56(r, k, v, {logDecay, bonus: this.bonus.read(), state: memory});
    return {
      output: this.project(this.normed(read.output), activation('silu')(g)),
      state: {shift: lastPosition(x), memory: read.state},
    };
  }
}
tf.serialization.registerClass(TimeMix5);
