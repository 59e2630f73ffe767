import * as tf from '@tensorflow/tfjs';
import {
  type Advanced,
  activation,
  CausalLayer,
  type ForwardOptions,
  Linear,
  lastDimension,
  type StateTree,
  zeros,
} from '@variants/core';
import {type Depth, fallingRatio, orthogonal, perFeature, risingRatio} from '../initializers';
import {lastPosition, mixOwn, tokenShift} from '../token-shift';
import {wkv56} from '../wkv';
import {HeadNorm} from './head-norm';
import {initialBonus, initialDecay} from './initial-values';

/** Options of {@link TimeMix5}. */
export interface TimeMix5Config extends Depth {
  /** Heads H. */
  numHeads: number;
  /** Width A of all heads together. Default: that of the input. */
  attentionSize?: number;
  /** What the heads' outputs are divided by before their norm. Default 8. */
  headSizeDivisor?: number;
}

/** What a stream of a time mix with matrices remembers: the last input [batch, hidden], and S [batch, heads, N, N]. */
export type MatrixState = {shift: tf.Tensor; memory: tf.Tensor};

/**
 * The time mix of version 5, Eagle (Peng et al. 2024, section 4.1), [batch, time, hidden] to the same; x' is x one position
 * before:
 *
 *     k = (m_k x + (1 - m_k) x') W_k;   v, r, g alike
 *     y = (headNorm(wkv56(r, k, v)) silu(g)) W_o
 *
 * Weights `key_mix`, `value_mix`, `receptance_mix`, `gate_mix` [hidden], `decay`, `bonus` [heads, N]; children `keys`,
 * `values`, `receptance`, `gate` [hidden, attention], `output` [attention, hidden], `head_norm`.
 */
export class TimeMix5 extends CausalLayer<TimeMix5Config> {
  static readonly className = 'RwkvTimeMix5';
  private mixes!: {[name in 'key' | 'value' | 'receptance' | 'gate']: tf.LayerVariable};
  private decay!: tf.LayerVariable;
  private bonus!: tf.LayerVariable;
  private keys!: Linear;
  private values!: Linear;
  private receptance!: Linear;
  private gate!: Linear;
  private output_!: Linear;
  private headNorm!: HeadNorm;

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {numHeads, attentionSize = hiddenSize, headSizeDivisor, layerIndex, numLayers} = this.config;
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
    const linear = (units: number, kernel = zeros) => new Linear({units, useBias: false}, {kernel});
    this.keys = this.child('keys', linear(attentionSize, orthogonal(0.1)), inputShape);
    this.values = this.child('values', linear(attentionSize, orthogonal(1)), inputShape);
    this.receptance = this.child('receptance', linear(attentionSize, orthogonal(1)), inputShape);
    this.gate = this.child('gate', linear(attentionSize, orthogonal(0.1)), inputShape);
    this.output_ = this.child('output', linear(hiddenSize), [null, attentionSize]);
    const norm = new HeadNorm({numHeads, headSizeDivisor, layerIndex, numLayers});
    this.headNorm = this.child('head_norm', norm, [null, attentionSize]);
    this.built = true;
  }

  forward(x: tf.Tensor): tf.Tensor {
    return this.advance(x, null).output;
  }

  advance(x: tf.Tensor, state: StateTree | null, _options?: ForwardOptions): Advanced {
    const before = state as MatrixState | null;
    const mixed = mixOwn(x, tokenShift(x, before?.shift ?? null));
    const [r, k, v] = [
      this.receptance.forward(mixed(this.mixes.receptance)),
      this.keys.forward(mixed(this.mixes.key)),
      this.values.forward(mixed(this.mixes.value)),
    ].map((projected) => splitHeads(projected, this.config.numHeads));
    const gate = activation('silu')(this.gate.forward(mixed(this.mixes.gate)));
    const read = wkv56(this.decay.read(), this.bonus.read(), r, k, v, before?.memory ?? null);
    const normed = this.headNorm.forward(read.output.reshape(gate.shape));
    return {
      output: this.output_.forward(normed.mul(gate)),
      state: {shift: lastPosition(x), memory: read.state},
    };
  }
}
tf.serialization.registerClass(TimeMix5);

/** [batch, time, features] as [batch, time, heads, features of a head]. */
export function splitHeads(x: tf.Tensor, numHeads: number): tf.Tensor {
  const [batch, time, features] = x.shape as number[];
  return x.reshape([batch, time, numHeads, features / numHeads]);
}
