import type * as tf from '@tensorflow/tfjs';
import {ConfigError, Linear, linearUniform, splitHeads, uniform, type VariantLayer} from '@variants/core';
import type {FavorOptions, PaddingForm, Stabilizer} from '../ops/favor-attention';
import type {FeatureKind} from '../ops/features';
import type {LocalForm} from '../ops/local-attention';
import {defaultNumFeatures} from '../ops/projection';
import {RandomProjection} from './projection';

/** Options that the attention layers of Performer share. */
export interface FavorHeadsConfig {
  /** Heads H. */
  numHeads: number;
  /** Features d of a head. Default: the input's width / numHeads. */
  headSize?: number;
  /** m, random features of a head. Default int(d ln d), at least 1. */
  numFeatures?: number;
  /** What they are features of. Default 'softmax', which approximates softmax attention. */
  features?: FeatureKind;
  /** What becomes of keys that are padding. Default 'hidden': no trace of them is left. */
  padding?: PaddingForm;
  /** Biases on queries, keys and values. Default false. */
  useBias?: boolean;
  /** A bias on the output. Default: as useBias. */
  useOutputBias?: boolean;
}

/** Options of self-attention: where tokens stand, and heads that stay softmax attention. */
export interface FavorSelfConfig extends FavorHeadsConfig {
  /** Turns queries and keys by their positions, before their features are made. Default true. */
  rotary?: boolean;
  /** The last heads, so many of them, are softmax attention in windows. Default 0. */
  localHeads?: number;
  /** Positions of a window. Default 256. */
  localWindow?: number;
}

/** Options of `PerformerSelfAttention`. */
export interface PerformerSelfAttentionConfig extends FavorSelfConfig {
  /** What exponentials of keys are relative to. Default 'running', which alone lets no output depend on later tokens. */
  stabilizer?: Stabilizer;
  /** Positions of a chunk of a whole sequence, which says how fast it is. Default 128. */
  chunkSize?: number;
}

/** Options of `PerformerAttention`. */
export interface PerformerAttentionConfig extends FavorSelfConfig {
  /** What windows see beside tokens; other than 'exact' for checkpoints of other code. Default 'exact'. */
  localForm?: LocalForm;
}

type AddChild = <Child extends VariantLayer>(name: string, layer: Child, inputShape: tf.Shape) => Child;

/** Queries, keys or values in heads: those of random features and those in windows, [batch, heads, time, size] each. */
export interface SplitHeads {
  global: tf.Tensor | null;
  local: tf.Tensor | null;
}

/** The projections of an attention layer, and the directions of its features. */
export class AttentionParts {
  readonly queries: Linear;
  readonly keys: Linear;
  readonly values: Linear;
  readonly output: Linear;
  /** Null where features need none. */
  readonly projection: RandomProjection | null;
  readonly headSize: number;
  readonly globalHeads: number;

  constructor(
    private readonly config: FavorSelfConfig,
    {hiddenSize, path}: {hiddenSize: number; path: string},
    add: AddChild,
  ) {
    const {numHeads, useBias = false, useOutputBias = useBias, localHeads = 0, features = 'softmax'} = config;
    const {headSize = hiddenSize / numHeads} = config;
    check(config, headSize, hiddenSize, path);
    this.headSize = headSize;
    this.globalHeads = numHeads - localHeads;
    const width = numHeads * headSize;
    const linear = (units: number, inputs: number, hasBias: boolean) =>
      new Linear({units, useBias: hasBias}, {kernel: linearUniform, bias: uniform(inputs ** -0.5)});
    const project = (name: string) => add(name, linear(width, hiddenSize, useBias), [null, null, hiddenSize]);
    this.queries = project('queries');
    this.keys = project('keys');
    this.values = project('values');
    this.output = add('output', linear(hiddenSize, width, useOutputBias), [null, null, width]);
    const {numFeatures = defaultNumFeatures(headSize)} = config;
    this.projection =
      features === 'none' || this.globalHeads === 0
        ? null
        : add('projection', new RandomProjection({numFeatures}), [null, headSize]);
  }

  /** x [batch, time, heads · size] in heads of either kind. */
  split(x: tf.Tensor): SplitHeads {
    const heads = splitHeads(x, this.config.numHeads);
    const {globalHeads: count} = this;
    const all = this.config.numHeads;
    if (count === all) return {global: heads, local: null};
    if (count === 0) return {global: null, local: heads};
    const part = (start: number, size: number) => heads.slice([0, start, 0, 0], [-1, size, -1, -1]);
    return {global: part(0, count), local: part(count, all - count)};
  }

  /** How its heads of random features attend. */
  favor(mask: tf.Tensor | undefined): FavorOptions {
    const {features, padding} = this.config;
    return {projection: this.projection?.matrix ?? null, features, padding, mask};
  }
}

function check(config: FavorSelfConfig, headSize: number, hiddenSize: number, path: string): void {
  const {numHeads, localHeads = 0, localWindow = 256, rotary = true} = config;
  if (!Number.isInteger(headSize))
    throw new ConfigError(`${path}: numHeads is ${numHeads}, but must divide the width ${hiddenSize}`);
  if (!Number.isInteger(localHeads) || localHeads < 0 || localHeads > numHeads)
    throw new ConfigError(
      `${path}: localHeads is ${localHeads}, but must be a whole number up to numHeads ${numHeads}`,
    );
  if (!Number.isInteger(localWindow) || localWindow < 1)
    throw new ConfigError(`${path}: localWindow is ${localWindow}, but must be a whole number of at least 1`);
  if ((rotary || localHeads > 0) && headSize % 2 !== 0)
    throw new ConfigError(
      `${path}: headSize is ${headSize}, but must be even, as positions turn its features in pairs`,
    );
}
