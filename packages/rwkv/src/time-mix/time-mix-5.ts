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
import {lastPosition, mixOwn, tokenShift} from '../token-shift';
import {wkv56} from '../wkv';
import {type MatrixState, MatrixTimeMix, type MatrixTimeMixConfig} from './matrix-time-mix';

/** Options of {@link TimeMix5}. */
export type TimeMix5Config = MatrixTimeMixConfig;

/**
 * The time mix of version 5, Eagle (Peng et al. 2024, section 4.1), [batch, time, hidden] to the same; x' is x one position
 * before:
 *
 *     k = (m_k x + (1 - m_k) x') W_k;   v, r, g alike
 *     y = (headNorm(wkv56(r, k, v)) silu(g)) W_o
 *
 * Weights `key_mix`, `value_mix`, `receptance_mix`, `gate_mix` [hidden], `decay`, `bonus` [heads, N]; children `gate` [hidden,
 * attention] and those of {@link MatrixTimeMix}.
 */
export class TimeMix5 extends MatrixTimeMix<TimeMix5Config> {
  static readonly className = 'RwkvTimeMix5';
  private mixes!: {[name in 'key' | 'value' | 'receptance' | 'gate']: tf.LayerVariable};
  private decay!: tf.LayerVariable;
  private bonus!: tf.LayerVariable;
  private gate!: Linear;

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {numHeads, attentionSize = hiddenSize} = this.config;
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
      gate: mix('gate_mix', falling / 2),
    };
    const perHead = [numHeads, attentionSize / numHeads];
    this.decay = this.weight('decay', perHead, initialDecay(this.config));
    this.bonus = this.weight('bonus', perHead, initialBonus(this.config));
    this.buildProjections(hiddenSize, attentionSize);
    this.gate = this.projection('gate', 0.1, hiddenSize, attentionSize);
  }

  advance(x: tf.Tensor, state: StateTree | null, _options?: ForwardOptions): StreamStep {
    const before = state as MatrixState | null;
    const mixed = mixOwn(x, tokenShift(x, before?.shift ?? null));
    const [r, k, v] = [
      this.receptance.forward(mixed(this.mixes.receptance)),
      this.keys.forward(mixed(this.mixes.key)),
      this.values.forward(mixed(this.mixes.value)),
    ].map((projected) => this.splitHeads(projected));
    const gate = activation('silu')(this.gate.forward(mixed(this.mixes.gate)));
    const read = wkv56(this.decay.read(), this.bonus.read(), r, k, v, before?.memory ?? null);
    return {
      output: this.project(this.normed(read.output), gate),
      state: {shift: lastPosition(x), memory: read.state},
    };
  }
}
tf.serialization.registerClass(TimeMix5);
