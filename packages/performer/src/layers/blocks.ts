import * as tf from '@tensorflow/tfjs';
import {
  CausalLayer,
  DecoderLayer,
  type ForwardOptions,
  firstShape,
  lastDimension,
  ShapeError,
  type StateTree,
  type StreamStep,
  VariantLayer,
} from '@variants/core';
import {type FavorKeysAndValues, PerformerAttention} from './attention';
import type {FavorHeadsConfig, PerformerAttentionConfig, PerformerSelfAttentionConfig} from './attention-parts';
import {BlockParts, type BlockPartsConfig, type ShiftMemory} from './parts';
import type {RandomProjection} from './projection';
import {PerformerSelfAttention} from './self-attention';

/** Options of {@link PerformerBlock} and {@link PerformerDecoderBlock}. */
export interface PerformerBlockConfig extends PerformerSelfAttentionConfig, BlockPartsConfig {
  padding?: PerformerSelfAttentionConfig['padding'];
}

/** Options of {@link PerformerEncoderBlock}. */
export interface PerformerEncoderBlockConfig extends PerformerAttentionConfig, BlockPartsConfig {
  padding?: PerformerAttentionConfig['padding'];
}

/** The width of a block's mixer: half of what x holds where that is two streams. */
const widthOf = (inputShape: tf.Shape | tf.Shape[], {reversible}: BlockPartsConfig, path: string) =>
  lastDimension(firstShape(inputShape), path) / (reversible ? 2 : 1);

const selfOptions = (config: PerformerBlockConfig): PerformerSelfAttentionConfig => ({
  ...headOptions(config),
  rotary: config.rotary,
  localHeads: config.localHeads,
  localWindow: config.localWindow,
  stabilizer: config.stabilizer,
  chunkSize: config.chunkSize,
});

const headOptions = (config: FavorHeadsConfig): FavorHeadsConfig => ({
  numHeads: config.numHeads,
  headSize: config.headSize,
  numFeatures: config.numFeatures,
  features: config.features,
  padding: config.padding,
  useBias: config.useBias,
  useOutputBias: config.useOutputBias,
});

/** What a stream of a block remembers. */
type BlockMemory = {mixer: StateTree; shift: ShiftMemory};

/**
 * A causal block of Performer, [batch, time, hidden] to the same:
 *
 *     x = x + selfAttention(norm x);      x = x + feedForward(norm x)
 *
 * Children `mixer_norm`, `mixer`, `feed_forward_norm`, `feed_forward`.
 */
export class PerformerBlock extends CausalLayer<PerformerBlockConfig> {
  static readonly className = 'PerformerBlock';
  private mixer!: PerformerSelfAttention;
  private parts!: BlockParts;

  override build(inputShape: tf.Shape): void {
    const width = widthOf(inputShape, this.config, this.path);
    this.mixer = new PerformerSelfAttention(selfOptions(this.config));
    const add = <Child extends VariantLayer>(name: string, layer: Child) =>
      this.child(name, layer, [null, null, width]);
    this.parts = new BlockParts(this.config, width, add, {shift: 'back'}, this.mixer);
  }

  /** The directions of its features, if any. */
  get projections(): RandomProjection[] {
    return this.mixer.projections;
  }

  override forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    const mix = (h: tf.Tensor) => ({output: this.mixer.forward(h, options), state: null});
    return this.parts.compose(x, mix, options).output;
  }

  advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    const before = state as BlockMemory | null;
    const mix = (h: tf.Tensor) => this.mixer.advance(h, before?.mixer ?? null, options);
    const {output, state: mixer, shift} = this.parts.compose(x, mix, options, before?.shift ?? null);
    return {output, state: {mixer, shift}};
  }
}
tf.serialization.registerClass(PerformerBlock);

/** A {@link PerformerBlock} whose attention looks both ways; takes `attentionMask`, which tells what is padding. */
export class PerformerEncoderBlock extends VariantLayer<PerformerEncoderBlockConfig> {
  static readonly className = 'PerformerEncoderBlock';
  private mixer!: PerformerAttention;
  private parts!: BlockParts;

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const width = widthOf(inputShape, this.config, this.path);
    const {rotary, localHeads, localWindow, localForm} = this.config;
    this.mixer = new PerformerAttention({...headOptions(this.config), rotary, localHeads, localWindow, localForm});
    const add = <Child extends VariantLayer>(name: string, layer: Child) =>
      this.child(name, layer, [null, null, width]);
    this.parts = new BlockParts(this.config, width, add, {shift: 'both'}, this.mixer);
  }

  /** The directions of its features, if any. */
  get projections(): RandomProjection[] {
    return this.mixer.projections;
  }

  forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    const mix = (h: tf.Tensor) => ({output: this.mixer.forward(h, options), state: null});
    return this.parts.compose(x, mix, options).output;
  }
}
tf.serialization.registerClass(PerformerEncoderBlock);

/** What a stream of {@link PerformerDecoderBlock} remembers. */
type DecoderMemory = {
  self: BlockMemory | null;
  /** What the source is to queries: at first keys and values, from the first piece on their sums alone. */
  source: FavorKeysAndValues | {sums: tf.Tensor};
};

/**
 * A block of a decoder, [batch, time, hidden] to the same: a causal {@link PerformerBlock}, then the same with attention to
 * an encoder's memory, of which a stream keeps sums of constant size. The target's own padding is not looked at: it stands
 * behind all that is causal.
 *
 * Children those of a block, and `cross_mixer_norm`, `cross_mixer`, `cross_feed_forward_norm`, `cross_feed_forward`.
 */
export class PerformerDecoderBlock extends DecoderLayer<PerformerBlockConfig> {
  static readonly className = 'PerformerDecoderBlock';
  private mixer!: PerformerSelfAttention;
  private parts!: BlockParts;
  private crossMixer!: PerformerAttention;
  private crossParts!: BlockParts;

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const width = widthOf(inputShape, this.config, this.path);
    const add = <Child extends VariantLayer>(name: string, layer: Child) =>
      this.child(name, layer, [null, null, width]);
    this.mixer = new PerformerSelfAttention(selfOptions(this.config));
    this.parts = new BlockParts(this.config, width, add, {shift: 'back'}, this.mixer);
    this.crossMixer = new PerformerAttention({...headOptions(this.config), rotary: false});
    this.crossParts = new BlockParts(this.config, width, add, {prefix: 'cross_', shift: null}, this.crossMixer);
  }

  /** The directions of its features, if any. */
  get projections(): RandomProjection[] {
    return [...this.mixer.projections, ...this.crossMixer.projections];
  }

  begin(memory: tf.Tensor): StateTree {
    return {self: null, source: this.crossMixer.keysAndValues(memory)};
  }

  override forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    const run = {...options, attentionMask: undefined};
    const memory = this.memoryOf(options);
    const mix = (h: tf.Tensor) => ({output: this.mixer.forward(h, run), state: null});
    const {output} = this.parts.compose(x, mix, run);
    return this.informed(output, this.sumsOf(this.crossMixer.keysAndValues(memory), options), run);
  }

  advance(x: tf.Tensor, state: StateTree, options: ForwardOptions): StreamStep {
    const {self: before, source} = state as DecoderMemory;
    const run = {...options, attentionMask: undefined};
    const mix = (h: tf.Tensor) => this.mixer.advance(h, before?.mixer ?? null, run);
    const {output, state: mixer, shift} = this.parts.compose(x, mix, run, before?.shift ?? null);
    const sums = 'sums' in source ? source.sums : this.sumsOf(source, options);
    return {output: this.informed(output, sums, run), state: {self: {mixer, shift}, source: {sums}}};
  }

  private informed(x: tf.Tensor, sums: tf.Tensor, run: ForwardOptions): tf.Tensor {
    return this.crossParts.compose(x, (h) => ({output: this.crossMixer.attend(h, sums), state: null}), run).output;
  }

  private sumsOf(source: FavorKeysAndValues, {carried}: ForwardOptions): tf.Tensor {
    return this.crossMixer.sumsOf(source, carried?.memoryMask);
  }

  private memoryOf({carried}: ForwardOptions): tf.Tensor {
    const memory = carried?.memory;
    if (!memory) throw new ShapeError(`${this.path}: needs the memory of an encoder, options.carried.memory`);
    return memory;
  }
}
tf.serialization.registerClass(PerformerDecoderBlock);
