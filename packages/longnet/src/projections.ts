import type * as tf from '@tensorflow/tfjs';
import {
  ConfigError,
  Dropout,
  type ForwardOptions,
  type Initializer,
  LayerNorm,
  Linear,
  lastDimension,
  linearUniform,
  type VariantLayer,
} from '@variants/core';
import {type DilatedAttentionOptions, requireXPos} from './dilated-attention';
import type {Piece} from './dilated-cache';
import {type DilatedPatterns, requirePatternLists} from './patterns';

/** Options of {@link CausalDilatedAttention} and {@link DilatedAttention}. */
export interface DilatedLayerConfig {
  /** Heads; must divide the input's width, with xPos into an even size each. */
  numHeads: number;
  /** Positions of a segment, for each pattern. */
  segmentLengths: number[];
  /** Of so many positions in a row a head keeps one, for each pattern. */
  dilations: number[];
  /** Turns queries and keys by xPos. Default true. */
  xPos?: boolean;
  /** Positions over which a score falls by ζ. Default 512. */
  xPosScaleBase?: number;
  /** A norm over all heads before the output projection. Default true. */
  subLayerNorm?: boolean;
  /** Epsilon of that norm. Default 1e-5. */
  normEpsilon?: number;
  /** Whether the gradient goes through the shares of the patterns too; see `dilatedAttention`. Default false. */
  differentiateShares?: boolean;
  /** The share of attention probabilities set to zero in training. Default 0. */
  attentionDropout?: number;
  /** What the first values of the weights of values and output are multiplied with. Default 1. */
  initialGain?: number;
}

/** Adds a layer below another, under a name. */
export type AddChild = <Child extends VariantLayer>(name: string, layer: Child, inputShape: tf.Shape) => Child;

/** What both layers are made of: everything but who sees whom. */
export class DilatedProjections {
  private readonly projections: Linear[];
  private readonly norm: LayerNorm | null;
  private readonly outputProjection: Linear;
  private readonly dropout: Dropout;

  constructor(
    private readonly config: DilatedLayerConfig,
    path: string,
    inputShape: tf.Shape,
    add: AddChild,
  ) {
    const hiddenSize = lastDimension(inputShape, path);
    checkDilatedConfig(path, config, hiddenSize);
    const {subLayerNorm = true, normEpsilon: epsilon = 1e-5, initialGain = 1, attentionDropout = 0} = config;
    const scaled: Initializer = (shape, random) => linearUniform(shape, random).map((weight) => initialGain * weight);
    const linear = (kernel: Initializer) => new Linear({units: hiddenSize}, {kernel});
    this.projections = ['queries', 'keys', 'values'].map((name) =>
      add(name, linear(name === 'values' ? scaled : linearUniform), inputShape),
    );
    this.norm = subLayerNorm ? add('norm', new LayerNorm({epsilon}), inputShape) : null;
    this.outputProjection = add('output', linear(scaled), inputShape);
    this.dropout = add('dropout', new Dropout({rate: attentionDropout}), inputShape);
  }

  /** xPos's base, where there is xPos. */
  get xPosScaleBase(): number | null {
    const {xPos = true, xPosScaleBase = 512} = this.config;
    return xPos ? xPosScaleBase : null;
  }

  /** What `dilatedAttention` is told by the configuration. */
  options(run: ForwardOptions): DilatedAttentionOptions {
    const {segmentLengths, dilations, differentiateShares} = this.config;
    const {xPosScaleBase} = this;
    return {segmentLengths, dilations, differentiateShares, xPosScaleBase, dropout: this.dropout.inTraining(run)};
  }

  /** Queries, keys and values [batch, time, heads, size] of x [batch, time, hidden]. */
  project(x: tf.Tensor): Piece {
    const [batch, time] = x.shape as number[];
    const [queries, keys, values] = this.projections.map((projection) =>
      projection.forward(x).reshape([batch, time, this.config.numHeads, -1]),
    );
    return {queries, keys, values};
  }

  /** What was found [batch, time, heads, size], through norm and output projection. */
  finish(found: tf.Tensor): tf.Tensor {
    const [batch, time, numHeads, size] = found.shape as number[];
    const joined = found.reshape([batch, time, numHeads * size]);
    return this.outputProjection.forward(this.norm ? this.norm.forward(joined) : joined);
  }
}

/** Throws a ConfigError where the options of a layer, or the fields of a model, do not go together. */
export function checkDilatedConfig(owner: string, config: DilatedLayerConfig, hiddenSize: number): void {
  const {numHeads, segmentLengths, dilations, xPos = true, xPosScaleBase = 512} = config;
  requirePatternLists(owner, {segmentLengths, dilations} satisfies DilatedPatterns);
  if (hiddenSize % numHeads !== 0)
    throw new ConfigError(`${owner}: numHeads is ${numHeads}, but must divide hiddenSize ${hiddenSize}`);
  if (xPos) requireXPos(owner, xPosScaleBase, hiddenSize / numHeads, segmentLengths);
}
