import type * as tf from '@tensorflow/tfjs';
import {CausalLayer, Linear, zeros} from '@variants/core';
import {type Depth, orthogonal} from '../initializers';
import {HeadNorm} from './head-norm';

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
export abstract class MatrixTimeMix<Config extends MatrixTimeMixConfig> extends CausalLayer<Config> {
  protected keys!: Linear;
  protected values!: Linear;
  protected receptance!: Linear;
  private headNorm!: HeadNorm;
  private outputProjection!: Linear;

  protected buildProjections(hiddenSize: number, attentionSize: number): void {
    const {numHeads, headSizeDivisor, layerIndex, numLayers} = this.config;
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

  /** The layer's output of what the heads give: ((x gate) W_o). */
  protected project(x: tf.Tensor, gate: tf.Tensor): tf.Tensor {
    return this.outputProjection.forward(x.mul(gate));
  }
}
