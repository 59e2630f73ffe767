import * as tf from '@tensorflow/tfjs';
import {
  CausalLayer,
  ConfigError,
  type ForwardOptions,
  Linear,
  lastDimension,
  type StateTree,
  type StreamStep,
  type WeightedAverageState,
} from '@variants/core';
import {lowestKey} from '../average/weighted';
import {aftSimple, continueAftSimple} from '../ops';

/** Options of all mixers. */
export interface MixerConfig {
  /** Width of queries, keys and values. Default: that of the input. */
  mixerSize?: number;
  /** Biases on queries, keys and values; the output always has one. Default true. */
  useBias?: boolean;
  /** A position sees itself and earlier ones alone, and the layer can be fed a sequence in pieces. Default false. */
  causal?: boolean;
}

/**
 * What the mixers of the Attention Free Transformer share (Zhai et al. 2021, equation 2), [batch, time, hidden] to the same:
 *
 *     q, k, v = x W_q, x W_k, x W_v;      y = (sigmoid(q) * average of v by k) W_o
 *
 * Children `queries`, `keys`, `values` [hidden, mixer], `output` [mixer, hidden].
 */
export abstract class AttentionFree<Config extends MixerConfig> extends CausalLayer<Config> {
  private queries!: Linear;
  private keys!: Linear;
  private values!: Linear;
  private outputProjection!: Linear;

  /**
   * Checks the options before any weight is made.
   * @throws ConfigError
   */
  protected checkOptions(_mixerSize: number): void {}

  /** Checks an input before anything is computed of it. */
  protected checkInput(_x: tf.Tensor, _options: ForwardOptions): void {}

  /** How wide keys are. Default: as wide as values. */
  protected keySize(mixerSize: number): number {
    return mixerSize;
  }

  /** Makes what the averages need beside keys and values. */
  protected buildAverage(_keySize: number): void {}

  /** The averages [batch, time, mixer] of a whole sequence. */
  protected abstract average(keys: tf.Tensor, values: tf.Tensor): tf.Tensor;

  /** The averages of the next piece of a sequence, in layers that can be causal. */
  protected continueAverage?(
    keys: tf.Tensor,
    values: tf.Tensor,
    state: StateTree | null,
    options: ForwardOptions,
  ): StreamStep;

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {mixerSize = hiddenSize, useBias = true} = this.config;
    this.checkOptions(mixerSize);
    const keySize = this.keySize(mixerSize);
    const project = (name: string, units: number) => this.child(name, new Linear({units, useBias}), inputShape);
    this.queries = project('queries', mixerSize);
    this.keys = project('keys', keySize);
    this.values = project('values', mixerSize);
    this.outputProjection = this.child('output', new Linear({units: hiddenSize}), [null, mixerSize]);
    this.buildAverage(keySize);
  }

  override forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    this.checkInput(x, options);
    return this.gated(x, this.average(this.keysOf(x, options), this.values.forward(x)));
  }

  advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    this.checkInput(x, options);
    if (!this.config.causal || !this.continueAverage)
      throw new ConfigError(`${this.path}: causal is false, but must be true for a layer that is fed in pieces`);
    const next = this.continueAverage(this.keysOf(x, options), this.values.forward(x), state, options);
    return {output: this.gated(x, next.output), state: next.state};
  }

  /** Keys; those of padding have no weight. */
  private keysOf(x: tf.Tensor, {attentionMask}: ForwardOptions): tf.Tensor {
    const keys = this.keys.forward(x);
    return attentionMask ? keys.add(attentionMask.toFloat().sub(1).mul(-lowestKey).expandDims(-1)) : keys;
  }

  private gated(x: tf.Tensor, average: tf.Tensor): tf.Tensor {
    return this.outputProjection.forward(this.queries.forward(x).sigmoid().mul(average));
  }
}

/**
 * AFT-simple as a layer: averages without position biases (see `ops.aftSimple`). A stream remembers three numbers per
 * channel, whatever the length.
 */
export class AftSimple extends AttentionFree<MixerConfig> {
  static readonly className = 'AftSimple';

  protected average(keys: tf.Tensor, values: tf.Tensor): tf.Tensor {
    return aftSimple(keys, values, {causal: this.config.causal});
  }

  protected override continueAverage(keys: tf.Tensor, values: tf.Tensor, state: StateTree | null): StreamStep {
    return continueAftSimple(keys, values, state as WeightedAverageState | null);
  }
}
tf.serialization.registerClass(AftSimple);
