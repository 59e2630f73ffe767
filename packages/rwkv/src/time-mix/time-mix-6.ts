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
import {lastPosition, mixPrevious, tokenShift} from '../token-shift';
import {wkv56} from '../wkv';
import {LowRank} from './low-rank';
import {type MatrixState, MatrixTimeMix, type MatrixTimeMixConfig} from './matrix-time-mix';

/** Options of {@link TimeMix6}. */
export interface TimeMix6Config extends MatrixTimeMixConfig {
  /** Rank R of what the mixes depend on the input by. Default 32. */
  mixRank?: number;
  /** Rank of what the decay depends on the input by. Default 64. */
  decayRank?: number;
  /** A learned state to begin with, in place of zeros. Default false. */
  initialState?: boolean;
}

/** What is mixed, in the order of the authors' stacked weights. */
const mixed = ['decay', 'key', 'value', 'receptance', 'gate'] as const;
type Mixed = (typeof mixed)[number];

/**
 * The time mix of version 6, Finch (Peng et al. 2024, section 4.2), [batch, time, hidden] to the same: how x is mixed with x', the
 * position before, and how fast the state decays depends on the input. With lerp(m) = x + (x' - x) m and f any of w, k, v, r, g:
 *
 *     l = tanh(lerp(m_x) A);   x_f = lerp(m_f + l_f B_f)
 *     k = x_k W_k;   v, r, g alike;   w = decay + tanh(x_w C) D
 *     y = (headNorm(wkv56(w, r, k, v)) silu(g)) W_o
 *
 * Weights `mix`, `decay_mix`, `key_mix`, `value_mix`, `receptance_mix`, `gate_mix` [hidden], `mix_up` B [5, R, hidden], `decay`
 * [attention], `bonus` [heads, N] and, if wanted, `initial_state` [heads, N values, N keys]; children `mix_down` A [hidden, 5 R],
 * `decay_by_input` (C, D), `gate`, and those of {@link MatrixTimeMix}.
 */
export class TimeMix6 extends MatrixTimeMix<TimeMix6Config> {
  static readonly className = 'RwkvTimeMix6';
  private mix!: tf.LayerVariable;
  private mixes!: {[name in Mixed]: tf.LayerVariable};
  private mixDown!: Linear;
  private mixUp!: tf.LayerVariable;
  private decay!: tf.LayerVariable;
  private decayByInput!: LowRank;
  private bonus!: tf.LayerVariable;
  private initialState?: tf.LayerVariable;
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
      this.initialState = this.weight('initial_state', [numHeads, headSize, headSize], zeros);
    this.buildProjections(hiddenSize, attentionSize);
    this.gate = this.projection('gate', 0.1, hiddenSize, attentionSize);
  }

  private buildMixes(hiddenSize: number): void {
    const {mixRank = 32} = this.config;
    const [rising, falling] = [risingRatio(this.config), fallingRatio(this.config)];
    const mix = (name: string, power: number, less = 0) =>
      this.weight(
        name,
        [hiddenSize],
        perFeature((i, count) => 1 - (i / count) ** power - less),
      );
    this.mix = mix('mix', falling);
    this.mixes = {
      decay: mix('decay_mix', falling),
      key: mix('key_mix', falling),
      value: mix('value_mix', falling, 0.3 * rising),
      receptance: mix('receptance_mix', falling / 2),
      gate: mix('gate_mix', falling / 2),
    };
    const down = new Linear({units: mixed.length * mixRank, useBias: false}, {kernel: zeros});
    this.mixDown = this.child('mix_down', down, [null, hiddenSize]);
    this.mixUp = this.weight('mix_up', [mixed.length, mixRank, hiddenSize], uniform(0.01));
  }

  advance(x: tf.Tensor, state: StateTree | null, {attentionMask}: ForwardOptions): StreamStep {
    const before = state as MatrixState | null;
    const inputs = this.mixedInputs(x, before?.shift ?? null);
    const [r, k, v] = [
      this.receptance.forward(inputs.receptance),
      this.keys.forward(inputs.key),
      this.values.forward(inputs.value),
    ].map((projected) => this.splitHeads(projected));
    const gate = activation('silu')(this.gate.forward(inputs.gate));
    const decay = this.decay.read().add(this.decayByInput.forward(inputs.decay));
    // What padding must not let decay: a factor of e^-e^-88 is 1.
    const kept = attentionMask ? tf.where(attentionMask.expandDims(2).cast('bool'), decay, -88) : decay;
    const memory = before?.memory ?? this.firstMemory(x.shape[0] as number);
    const read = wkv56(this.splitHeads(kept), this.bonus.read(), r, k, v, memory);
    return {
      output: this.project(this.normed(read.output), gate),
      state: {shift: lastPosition(x), memory: read.state},
    };
  }

  /** x mixed with the position before, for each of what is projected. */
  private mixedInputs(x: tf.Tensor, last: tf.Tensor | null): {[name in Mixed]: tf.Tensor} {
    const [batch, time, hiddenSize] = x.shape as number[];
    const lerp = mixPrevious(x, tokenShift(x, last));
    const low = this.mixDown
      .forward(lerp(this.mix))
      .tanh()
      .reshape([batch * time, mixed.length, -1]);
    const shifts = tf.unstack(tf.matMul(low.transpose([1, 0, 2]), this.mixUp.read()));
    const inputs = mixed.map((name, i) => [
      name,
      lerp(this.mixes[name].read().add(shifts[i].reshape([batch, time, hiddenSize]))),
    ]);
    return Object.fromEntries(inputs) as {[name in Mixed]: tf.Tensor};
  }

  /** The learned first state for each row, keys before values; null where there is none. */
  private firstMemory(batch: number): tf.Tensor | null {
    return this.initialState?.read().transpose([0, 2, 1]).expandDims(0).tile([batch, 1, 1, 1]) ?? null;
  }
}
tf.serialization.registerClass(TimeMix6);
