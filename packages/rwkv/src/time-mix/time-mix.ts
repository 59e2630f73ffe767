/** What the time mixes of all versions share, and what those from version 5 on do, whose heads have a matrix each. */
import * as tf from '@tensorflow/tfjs';
import {CausalLayer, Linear, lastDimension, layerNorm, type StateTree, VariantLayer, zeros} from '@variants/core';
import {type Depth, orthogonal, perFeature} from '../initializers';

/** What a stream of a time mix remembers: the last input [batch, hidden], and what its recurrence needs. */
export type TimeMixState = {shift: tf.Tensor; [name: string]: tf.Tensor};

/** A time mix of any version. */
export abstract class TimeMix<Config extends Depth = Depth> extends CausalLayer<Config> {
  /** What a stream of `batch` sequences remembers that was fed nothing yet. Runs inside a `tf.tidy` of the caller. */
  abstract initialState(batch: number): TimeMixState;
}

/** Options that all time mixes with matrices for states have. */
export interface MatrixTimeMixConfig extends Depth {
  /** Heads H. */
  numHeads: number;
  /** Width A of all heads together. Default: that of x. */
  attentionSize?: number;
  /** What the heads' outputs are divided by before their norm. Default 8. */
  headSizeDivisor?: number;
}

/** What a stream of a time mix with matrices remembers: the last input [batch, hidden], and S [batch, heads, N, N]. */
export type MatrixState = {shift: tf.Tensor; memory: tf.Tensor};

/**
 * What the time mixes from version 5 on share: each head has a matrix for its state.
 *
 * Children `keys`, `values`, `receptance` [hidden, attention], `output` [attention, hidden], `head_norm`.
 */
export abstract class MatrixTimeMix<Config extends MatrixTimeMixConfig> extends TimeMix<Config> {
  protected keys!: Linear;
  protected values!: Linear;
  protected receptance!: Linear;
  private headNorm!: HeadNorm;
  private outputProjection!: Linear;
  private hiddenSize!: number;
  private headSize!: number;

  protected buildProjections(hiddenSize: number, attentionSize: number): void {
    const {numHeads, headSizeDivisor, layerIndex, numLayers} = this.config;
    this.hiddenSize = hiddenSize;
    this.headSize = attentionSize / numHeads;
    this.keys = this.projection('keys', 0.1, hiddenSize, attentionSize);
    this.values = this.projection('values', 1, hiddenSize, attentionSize);
    this.receptance = this.projection('receptance', 1, hiddenSize, attentionSize);
    this.outputProjection = this.projection('output', 0, attentionSize, hiddenSize);
    const norm = new HeadNorm({numHeads, headSizeDivisor, layerIndex, numLayers});
    this.headNorm = this.child('head_norm', norm, [null, attentionSize]);
  }

  /** A matrix without bias, at first orthogonal times the gain. */
  protected projection(name: string, gain: number, inputs: number, units: number): Linear {
    const kernel = gain === 0 ? zeros : orthogonal(gain);
    return this.child(name, new Linear({units, useBias: false}, {kernel}), [null, inputs]);
  }

  initialState(batch: number): MatrixState {
    const empty = () => tf.zeros([batch, this.config.numHeads, this.headSize, this.headSize]);
    return {shift: tf.zeros([batch, this.hiddenSize]), memory: this.learnedMemory(batch) ?? empty()};
  }

  /** S before the first position where it is learned, keys before values [batch, heads, N, N]; else null, and it is zeros. */
  protected learnedMemory(_batch: number): tf.Tensor | null {
    return null;
  }

  /** What a stream remembers before x. */
  protected before(x: tf.Tensor, state: StateTree | null): {shift: tf.Tensor | null; memory: tf.Tensor | null} {
    // No tensors of zeros: training would compute their gradients.
    return (state as MatrixState | null) ?? {shift: null, memory: this.learnedMemory(x.shape[0] as number)};
  }

  /** [batch, time, features] as [batch, time, heads, features of a head]. */
  protected splitHeads(x: tf.Tensor): tf.Tensor {
    const [batch, time, features] = x.shape as number[];
    const {numHeads} = this.config;
    return x.reshape([batch, time, numHeads, features / numHeads]);
  }

  /** What the heads read [batch, time, heads, N], each normalised, side by side [batch, time, attention]. */
  protected normed(read: tf.Tensor): tf.Tensor {
    const [batch, time, numHeads, headSize] = read.shape as number[];
    return this.headNorm.forward(read.reshape([batch, time, numHeads * headSize]));
  }

  /** The layer's output of what the heads give: (x gate) W_o. */
  protected project(x: tf.Tensor, gate: tf.Tensor): tf.Tensor {
    return this.outputProjection.forward(x.mul(gate));
  }
}

/** Options of {@link HeadNorm}. */
interface HeadNormConfig extends Depth {
  numHeads: number;
  /** What the input is divided by. Default 8. */
  headSizeDivisor?: number;
}

/**
 * Normalises each head of a position alone, then scales and shifts each feature, [..., features] to the same. That the
 * input counts as divided by `headSizeDivisor` is in the epsilon, 1e-5 times its square.
 *
 * Weights `weight`, at first ((1 + layer) / layers)^0.7, and `bias` [features].
 */
class HeadNorm extends VariantLayer<HeadNormConfig> {
  static readonly className = 'RwkvHeadNorm';
  private scale!: tf.LayerVariable;
  private bias!: tf.LayerVariable;

  override build(inputShape: tf.Shape): void {
    const features = lastDimension(inputShape, this.path);
    const {layerIndex = 0, numLayers = 1} = this.config;
    const initial = perFeature(() => ((1 + layerIndex) / numLayers) ** 0.7);
    this.scale = this.weight('weight', [features], initial);
    this.bias = this.weight('bias', [features], zeros);
  }

  forward(x: tf.Tensor): tf.Tensor {
    const {numHeads, headSizeDivisor = 8} = this.config;
    const [weight, bias] = [this.scale, this.bias].map((variable) => variable.read().reshape([numHeads, -1]));
    const heads = x.reshape([...x.shape.slice(0, -1), numHeads, -1]);
    return layerNorm(heads, 1e-5 * headSizeDivisor ** 2, {weight, bias}).reshape(x.shape);
  }
}
tf.serialization.registerClass(HeadNorm);
