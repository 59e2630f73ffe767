import * as tf from '@tensorflow/tfjs';
import {
  activation,
  type ForwardOptions,
  Linear,
  lastDimension,
  type StateTree,
  type StreamStep,
  uniform,
  zeros,
} from '@variants/core';
import {fallingRatio, initialBonus, initialDecay, perFeature, risingRatio} from '../initializers';
import {lastPosition, lerpBetween, tokenShift} from '../token-shift';
import {wkv56} from '../wkv';
import {LowRank} from './low-rank';
import {MatrixTimeMix, type MatrixTimeMixConfig} from './time-mix';

/** Options of {@link TimeMix6}. */
export interface TimeMix6Config extends MatrixTimeMixConfig {
  /** Rank R of what the mixes depend on the input by. Default 32. */
  mixRank?: number;
  /** Rank of what the decay depends on the input by. Default 64. */
  decayRank?: number;
  /** A learned state to begin with, in place of zeros. Default false. */
  initialState?: boolean;
}

/** What is mixed with the position before, in the order of the authors' stacked weights. */
const mixedNames = ['decay', 'key', 'value', 'receptance', 'gate'] as const;
type MixedName = (typeof mixedNames)[number];

/**
 * The time mix of version 6, Finch (Peng et al. 2024, section 4.2), [batch, time, hidden] to the same: how x is mixed with x', the
 * position before, and how fast the state decays depends on the input. With lerp(m) = x + (x' - x) m and f any of w, k, v, r, g:
 *
 *     l = tanh(lerp(m_x) A);   x_f = lerp(m_f + l_f B_f)
 *     k = x_k W_k;   v, r, g alike;   log d = -e^(decay + tanh(x_w C) D)
 *     y = (headNorm(wkv56(r, k, v, {log d, u})) silu(g)) W_o
 *
 * Weights `mix` m_x, `decay_mix` m_w, `key_mix`, `value_mix`, `receptance_mix`, `gate_mix` [hidden], `mix_up` B [5, R, hidden],
 * `decay` [attention], `bonus` u [heads, N] and, if wanted, `initial_state` [heads, N values, N keys]; children `mix_down` A [hidden,
 * 5 R], `decay_by_input` (C, D), `gate`, and those of {@link MatrixTimeMix}.
 */
export class TimeMix6 extends MatrixTimeMix<TimeMix6Config> {
  static readonly className = 'RwkvTimeMix6';
  private mx!: tf.LayerVariable;
  private m!: {[name in MixedName]: tf.LayerVariable};
  private mixDown!: Linear;
  private mixUp!: tf.LayerVariable;
  private decay!: tf.LayerVariable;
  private decayByInput!: LowRank;
  private bonus!: tf.LayerVariable;
  private firstMemory?: tf.LayerVariable;
  private gate!: Linear;

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {numHeads, attentionSize = hiddenSize, decayRank = 64} = this.config;
    const headSize = attentionSize / numHeads;
    this.buildMixes(hiddenSize);
    this.decay = this.weight('decay', [attentionSize], initialDecay(this.config));
    const byInput = new LowRank({rank: decayRank, units: attentionSize, activation: 'tanh'}, uniform(0.01));
    this.decayByInput = this.child('decay_by_input', byInput, inputShape);
    this.bonus = this.weight('bonus', [numHeads, headSize], initialBonus(this.config));
    if (this.config.initialState)
      this.firstMemory = this.weight('initial_state', [numHeads, headSize, headSize], zeros);
    this.buildProjections(hiddenSize, attentionSize);
    this.gate = this.projection('gate', 0.1, hiddenSize, attentionSize);
  }

  private buildMixes(hiddenSize: number): void {
    const {mixRank = 32} = this.config;
    const [rising, falling] = [risingRatio(this.config), fallingRatio(this.config)];
    const m = (name: string, power: number, less = 0) => {
      const initial = perFeature((i, count) => 1 - (i / count) ** power - less);
      return this.weight(name, [hiddenSize], initial);
    };
    this.mx = m('mix', falling);
    this.m = {
      decay: m('decay_mix', falling),
      key: m('key_mix', falling),
      value: m('value_mix', falling, 0.3 * rising),
      receptance: m('receptance_mix', falling / 2),
      gate: m('gate_mix', falling / 2),
    };
    const down = new Linear({units: mixedNames.length * mixRank, useBias: false}, {kernel: zeros});
    this.mixDown = this.child('mix_down', down, [null, hiddenSize]);
    this.mixUp = this.weight('mix_up', [mixedNames.length, mixRank, hiddenSize], uniform(0.01));
  }

  advance(x: tf.Tensor, state: StateTree | null, {attentionMask}: ForwardOptions): StreamStep {
    const {shift, memory} = this.before(x, state);
    const inputs = this.inputsOf(x, shift);
    const [r, k, v] = [
      this.receptance.forward(inputs.receptance),
      this.keys.forward(inputs.key),
      this.values.forward(inputs.value),
    ].map((projected) => this.splitHeads(projected));
    const g = this.gate.forward(inputs.gate);
    const logDecay = this.decay.read().add(this.decayByInput.forward(inputs.decay)).exp().neg();
    // Padding must not let a learned first state decay.
    const kept = attentionMask ? tf.where(attentionMask.expandDims(2).cast('bool'), logDecay, 0) : logDecay;
    const read = wkv56(r, k, v, {logDecay: this.splitHeads(kept), bonus: this.bonus.read(), state: memory});
    return {
      output: this.project(this.normed(read.output), activation('silu')(g)),
      state: {shift: lastPosition(x), memory: read.state},
    };
  }

  /** x_f, x mixed with the position before, for each of what is projected. */
  private inputsOf(x: tf.Tensor, last: tf.Tensor | null): {[name in MixedName]: tf.Tensor} {
    const [batch, time, hiddenSize] = x.shape as number[];
    const lerp = lerpBetween(x, tokenShift(x, last));
    const l = this.mixDown
      .forward(lerp(this.mx.read()))
      .tanh()
      .reshape([batch * time, mixedNames.length, -1]);
    const byInput = tf.unstack(tf.matMul(l.transpose([1, 0, 2]), this.mixUp.read()));
    const inputs = mixedNames.map((name, i) => [
      name,
      lerp(this.m[name].read().add(byInput[i].reshape([batch, time, hiddenSize]))),
    ]);
    return Object.fromEntries(inputs) as {[name in MixedName]: tf.Tensor};
  }

  protected override learnedMemory(batch: number): tf.Tensor | null {
    const learned = this.firstMemory?.read().transpose([0, 2, 1]);
    return learned?.expandDims(0).tile([batch, 1, 1, 1]) ?? null;
  }
}
tf.serialization.registerClass(TimeMix6);
