import * as tf from '@tensorflow/tfjs';
import {
  type ForwardOptions,
  type Initializer,
  lastDimension,
  ShapeError,
  type StateTree,
  type StreamStep,
} from '@variants/core';
import {fallingRatio, orthogonal, perFeature, risingRatio} from '../initializers';
import {lastPosition, lerpBetween, tokenShift} from '../token-shift';
import {wkv7} from '../wkv';
import {LowRank} from './low-rank';
import {MatrixTimeMix, type MatrixTimeMixConfig} from './time-mix';

/** Options of {@link TimeMix7}. Its layerIndex says whether values are mixed with those of the first layer, 0. */
export interface TimeMix7Config extends Omit<MatrixTimeMixConfig, 'headSizeDivisor'> {
  /** Rank of what the decay depends on the input by. Default 64. */
  decayRank?: number;
  /** The same of the in-context learning rate. Default 64. */
  learningRateRank?: number;
  /** The same of how far values are those of the first layer. Default 32. */
  valueRank?: number;
  /** The same of the gate. Default 128. */
  gateRank?: number;
}

/** What is mixed with the position before. */
const mixedNames = ['receptance', 'decay', 'key', 'value', 'learning_rate', 'gate'] as const;
type MixedName = (typeof mixedNames)[number];

/** By which power of a feature's place its m falls at first. */
const initialPowers: {[name in MixedName]: number} = {
  receptance: 0.2,
  decay: 0.9,
  key: 0.7,
  value: 0.7,
  learning_rate: 0.9,
  gate: 0.2,
};

/** The fastest that a memory may fade, as log d: a step leaves e^(-e^(-1/2)) = 0.545 of it. */
const fastestLogDecay = -Math.exp(-0.5);

/**
 * The time mix of version 7, Goose (Peng et al. 2025, section 4.1): the state takes out what it finds under a removal key κ, at a rate a
 * that depends on the input, before it takes in the new value. x' is x one position before, lerp(m) = x + (x' - x) m, and
 * x_f = lerp(m_f) for each of r, w, k, v, a, g:
 *
 *     r = x_r W_r;   k = x_k W_k;   v = x_v W_v;   a = sigmoid(a_0 + low_a(x_a));   g = low_g(x_g)
 *     log d = -e^(-1/2) sigmoid(w_0 + low_w(x_w))
 *     κ = k ξ / |k ξ| in each head;   k <- k (1 + (a - 1) α)
 *     v <- v + (v_first - v) sigmoid(v_0 + low_v(x_v))                                     (from the second layer on)
 *     y = ((headNorm(wkv7(r, k, v, {log d, -κ, κ a})) + (Σ_head r k ρ) v) g) W_o
 *
 * [batch, time, hidden] to the same. Beside x travels v_first, `firstValues` [batch, time, attention]: the first layer gives
 * it, the others take it.
 *
 * Weights `<what>_mix` m [hidden], `decay` w_0, `learning_rate` a_0, `value_share` v_0, `removal` ξ, `replacement` α [attention],
 * `bonus` ρ [heads, N]; children `decay_by_input`, `learning_rate_by_input`, `value_share_by_input`, `gate`, and those of
 * {@link MatrixTimeMix}.
 */
export class TimeMix7 extends MatrixTimeMix<TimeMix7Config> {
  static readonly className = 'RwkvTimeMix7';
  private m!: {[name in MixedName]: tf.LayerVariable};
  private decay!: tf.LayerVariable;
  private learningRate!: tf.LayerVariable;
  private valueShare?: tf.LayerVariable;
  private removal!: tf.LayerVariable;
  private replacement!: tf.LayerVariable;
  private bonus!: tf.LayerVariable;
  private decayByInput!: LowRank;
  private learningRateByInput!: LowRank;
  private valueShareByInput?: LowRank;
  private gate!: LowRank;

  /** Whether values are mixed with those of the first layer. */
  private get hasFirstValues(): boolean {
    return (this.config.layerIndex ?? 0) > 0;
  }

  override get takes(): readonly string[] {
    return this.hasFirstValues ? ['firstValues'] : [];
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {attentionSize = hiddenSize} = this.config;
    const m = mixedNames.map((name) => [name, this.mOf(name, hiddenSize)]);
    this.m = Object.fromEntries(m);
    this.buildVectors(attentionSize);
    this.buildProjections(hiddenSize, attentionSize);
    const {decayRank = 64, learningRateRank = 64, valueRank = 32, gateRank = 128} = this.config;
    const lowRank = (name: string, rank: number, activation?: 'tanh' | 'sigmoid') =>
      this.child(name, new LowRank({rank, units: attentionSize, activation}, ofRank), [null, hiddenSize]);
    this.decayByInput = lowRank('decay_by_input', decayRank, 'tanh');
    this.learningRateByInput = lowRank('learning_rate_by_input', learningRateRank);
    if (this.hasFirstValues) this.valueShareByInput = lowRank('value_share_by_input', valueRank);
    this.gate = lowRank('gate', gateRank, 'sigmoid');
  }

  private mOf(name: MixedName, hiddenSize: number): tf.LayerVariable {
    const power = initialPowers[name] * fallingRatio(this.config);
    const initial = perFeature((i, count) => 1 - (i / count) ** power);
    return this.weight(`${name}_mix`, [hiddenSize], initial);
  }

  private buildVectors(attentionSize: number): void {
    const rising = risingRatio(this.config);
    const headSize = attentionSize / this.config.numHeads;
    const ramp = (i: number) => i / Math.max(1, attentionSize - 1);
    /** From -1 to 1 within a head, flat in the middle. */
    const wave = (i: number) => {
      const place = headSize > 1 ? (2 * (i % headSize)) / (headSize - 1) - 1 : 0;
      return place * Math.abs(place);
    };
    const vector = (name: string, value: (i: number) => number) =>
      this.weight(name, [attentionSize], perFeature(value));
    this.decay = vector('decay', (i) => -5.5 + 6 * ramp(i) ** (1 + rising ** 0.3) + 2.5 * wave(i));
    this.learningRate = vector('learning_rate', (i) => -0.19 + 0.3 * wave(i) + 0.4 * (ramp(i) - 0.5));
    if (this.hasFirstValues) this.valueShare = vector('value_share', (i) => 0.73 - 0.4 * (ramp(i) - 0.5));
    this.removal = vector('removal', (i) => 0.71 - 0.1 * (ramp(i) - 0.5));
    this.replacement = vector('replacement', () => 1.02);
    const bonus = perFeature(() => -0.04);
    this.bonus = this.weight('bonus', [this.config.numHeads, headSize], bonus);
  }

  advance(x: tf.Tensor, state: StateTree | null, {carried}: ForwardOptions): StreamStep {
    const firstValues = this.hasFirstValues ? carried?.firstValues : undefined;
    if (this.hasFirstValues && !firstValues)
      throw new ShapeError(`${this.path}: needs the values of the first layer, options.carried.firstValues`);
    const {shift, memory} = this.before(x, state);
    const lerp = lerpBetween(x, tokenShift(x, shift));
    const input = (name: MixedName) => lerp(this.m[name].read());
    const split = (features: tf.Tensor) => this.splitHeads(features);
    const r = split(this.receptance.forward(input('receptance')));
    const rawKeys = this.keys.forward(input('key'));
    const values = this.sharedValues(input('value'), firstValues);
    const v = split(values);
    const rate = this.learningRate
      .read()
      .add(this.learningRateByInput.forward(input('learning_rate')))
      .sigmoid();
    const speed = this.decay
      .read()
      .add(this.decayByInput.forward(input('decay')))
      .sigmoid();
    const logDecay = split(speed.mul(fastestLogDecay));
    const removal = ofLengthOne(split(rawKeys.mul(this.removal.read())));
    const k = split(rawKeys.mul(rate.sub(1).mul(this.replacement.read()).add(1)));
    const [lookups, corrections] = [removal.neg(), removal.mul(split(rate))];
    const read = wkv7(r, k, v, {logDecay, lookups, corrections, state: memory});
    const own = r.mul(k).mul(this.bonus.read()).sum(-1, true).mul(v);
    const heads = this.normed(read.output).add(own.reshape(values.shape));
    return {
      output: this.project(heads, this.gate.forward(input('gate'))),
      state: {shift: lastPosition(x), memory: read.state},
      carried: {firstValues: firstValues ?? values},
    };
  }

  /** v [batch, time, attention], with its share of v_first. */
  private sharedValues(x: tf.Tensor, firstValues: tf.Tensor | undefined): tf.Tensor {
    const values = this.values.forward(x);
    if (!firstValues || !this.valueShare || !this.valueShareByInput) return values;
    const share = this.valueShare.read().add(this.valueShareByInput.forward(x)).sigmoid();
    return lerpBetween(values, firstValues)(share);
  }
}
tf.serialization.registerClass(TimeMix7);

/** How the second matrix of a {@link LowRank} begins, [rank, units]. */
const ofRank: Initializer = (shape, random) =>
  orthogonal(0.1 * Math.sqrt(Math.max(1, shape[0] / shape[1])))(shape, random);

/** Each vector of the last axis divided by its length, or by 1e-12 if it is shorter. */
function ofLengthOne(x: tf.Tensor): tf.Tensor {
  // The bound under the root: there, unlike above it, a vector of zeros has a gradient.
  return x.mul(x.square().sum(-1, true).maximum(1e-24).rsqrt());
}
