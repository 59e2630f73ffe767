import * as tf from '@tensorflow/tfjs';
import {requireOptions} from '../arguments';
import {DataError, ShapeError} from '../errors';
import {DecoderLayer} from '../layers/decoder-layer';
import {type ForwardOptions, inference} from '../layers/layer';
import {paddingMask} from '../layers/padding-mask';
import {originOf, requireOrigin, type StateOrigin} from '../streams/state-origin';
import type {StateTree} from '../streams/state-tree';
import {StreamState} from '../streams/stream-state';
import {advanceThrough, type ChainState, passThrough, type RunLayer} from './chain';
import {connectSequences, type SequenceToSequenceLayers} from './connect-sequences';
import type {TextOptions} from './generate-options';
import {generateTarget, type TargetOptions} from './generate-target';
import type {StreamOptions} from './language-model';
import {lastPosition} from './last-position';
import {ignoredTarget, type TokenInput, toTargetTensor, toTokenTensor} from './token-input';
import {
  type Example,
  type LossOptions,
  type ModelIdentity,
  type ModelTypes,
  VariantModel,
  type VariantModelConfig,
} from './variant-model';

/** The fields that every sequence-to-sequence model's configuration has. */
export interface SequenceToSequenceConfig extends VariantModelConfig {
  /** Number of different tokens of a source. */
  sourceVocabSize: number;
  /** Number of different tokens of a target. */
  targetVocabSize: number;
  /** The id that fills up shorter rows of both. No position looks at it, and it is not to be predicted. */
  padToken: number;
  /** The share of the probability that training spreads over all tokens, 0 to 1. */
  labelSmoothing: number;
}

/** Both sequences that an encoder-decoder takes. */
export interface SourceAndTarget {
  /** Token ids [batch, source time]. */
  source: TokenInput;
  /** Token ids [batch, target time]. */
  target: TokenInput;
}

/** What a sequence-to-sequence model takes and gives. */
export interface SequenceToSequenceTypes extends ModelTypes {
  inputs: SourceAndTarget;
  /** The token that is to follow each of the target, [batch, target time]; -100 or padding where nothing is to be predicted. */
  targets: TokenInput;
  /** [batch, target time, vocabulary] */
  outputs: tf.Tensor3D;
  options: LossOptions;
}

/** What a stream remembers: the mask of the source, and a tree for each layer that has one. */
type TargetState = {
  /** [batch, source time] */
  memoryMask: tf.Tensor;
  layers: ChainState;
  /** What the head takes at the last position, [batch, 1, width]; null before the first. */
  last: tf.Tensor | null;
};

/**
 * An encoder-decoder: source ids [batch, source time] and target ids [batch, target time] to logits [batch, target time,
 * vocabulary], those of position t given the whole source and the target up to t.
 *
 * For tfjs it has two inputs. `loss({source, target})` is that of each token of the target given the source and those
 * before it, with the configuration's label smoothing unless another is given; with labels, of `labels[b, t]` at position t,
 * leaving out -100 and padding.
 */
export abstract class SequenceToSequence<
  Config extends SequenceToSequenceConfig = SequenceToSequenceConfig,
> extends VariantModel<Config, SequenceToSequenceTypes> {
  readonly kind = 'sequence-to-sequence';
  /** What the states of this model are made by, as they say; see {@link LanguageModel.stateOrigin}. */
  readonly stateOrigin: StateOrigin;
  private readonly stages: SequenceToSequenceLayers;

  /** @param config Complete: every field has its value. Its seed draws the weights, which the layers make here. */
  constructor(config: Config, layers: SequenceToSequenceLayers, identity: ModelIdentity) {
    super(config, identity, () => connectSequences(config.padToken, layers));
    this.stages = layers;
    this.stateOrigin = originOf(identity.name, config, identity.beyondStates);
  }

  /**
   * What the encoder makes of a source [batch, source time]: the memory [batch, source time, width]. The caller disposes it.
   * An `attentionMask` [batch, source time] of the options, here and in `logits` and `loss`, says what of the source is
   * padding. Default: where it has the token for padding.
   */
  encode(source: TokenInput, options: Partial<ForwardOptions> = {}): tf.Tensor3D {
    return tf.tidy(() => this.memoryOf(this.sourceTensor(source), {...inference, ...options}).memory as tf.Tensor3D);
  }

  /** @param inputs Ids [batch, source time] and [batch, target time], both int32. */
  forward(inputs: tf.Tensor | tf.Tensor[], options: ForwardOptions, run?: RunLayer): tf.Tensor {
    const [source, target] = [inputs].flat();
    const carried = {...options.carried, ...this.memoryOf(source, options, run)};
    const whole = {...options, carried, attentionMask: this.maskOf(target)};
    const {decoder, head} = this.stages;
    return passThrough([...decoder, head], target, whole, run).output;
  }

  /**
   * The state that a stream of the target begins with: the source [batch, source time] is encoded, and what the decoder
   * needs of the memory is computed once.
   */
  begin(source: TokenInput): StreamState {
    this.requireWeights();
    const {state} = StreamState.advance(null, this.step(0), () => {
      const {memory, memoryMask} = this.memoryOf(this.sourceTensor(source), inference);
      const layers = this.stages.decoder.filter((layer) => layer instanceof DecoderLayer);
      const states = layers.map((layer): [string, StateTree] => [layer.name, layer.begin(memory)]);
      const start: TargetState = {memoryMask, layers: Object.fromEntries(states), last: null};
      return {output: null, state: start};
    });
    return state;
  }

  /**
   * Feeds the next tokens of the target: the token it begins with, a whole prefix, or anything between.
   * @param target [batch, time]
   * @param state What {@link begin} or the call before returned; it is used up.
   * @returns `logits` [batch, time, vocabulary], which the caller disposes, and the state to go on with.
   */
  stream(
    target: TokenInput,
    state: StreamState,
    options: Pick<StreamOptions, 'lastOnly'> = {},
  ): {logits: tf.Tensor3D; state: StreamState} {
    this.requireWeights();
    requireOptions('stream', options, ['lastOnly']);
    const {lastOnly = false} = options;
    this.requireOwn(state);
    const ids = tf.tidy(() => this.targetTensor(target));
    try {
      const time = ids.shape[1];
      this.checkLength('target', state.length + time);
      const {output, state: next} = StreamState.advance(state, this.step(time), (tree, capacity) =>
        this.advance(ids, tree as TargetState, lastOnly, capacity),
      );
      return {logits: output as tf.Tensor3D, state: next};
    } finally {
      ids.dispose();
    }
  }

  /**
   * What a stream predicts for the token after all that it was fed: logits [batch, 1, vocabulary], which the caller
   * disposes. The state stays usable.
   */
  nextLogits(state: StreamState): tf.Tensor3D {
    this.requireOwn(state);
    const {last} = state.tree as TargetState;
    if (!last) throw new DataError(`${this.name}: the stream was fed no token of the target yet`);
    return tf.tidy(() => this.stages.head.forward(last, inference) as tf.Tensor3D);
  }

  /** Generates the target of a text: with a tokenizer, for both sides, yields pieces of text as they complete. */
  generate(source: string, options: TargetOptions & TextOptions): AsyncGenerator<string, void, void>;
  /** Generates the target of source ids: yields one id after the other, until the longest target at most. */
  generate(source: ArrayLike<number>, options: TargetOptions): AsyncGenerator<number, void, void>;
  generate(
    source: string | ArrayLike<number>,
    options: TargetOptions & Partial<TextOptions>,
  ): AsyncGenerator<string | number, void, void> {
    this.requireWeights();
    return generateTarget(this, source, options);
  }

  override criterion(outputs: tf.Tensor, labels: tf.Tensor, options: LossOptions = {}): tf.Scalar {
    const {labelSmoothing = this.config.labelSmoothing} = options;
    return super.criterion(outputs, labels, {labelSmoothing});
  }

  override counted(labels: tf.Tensor): tf.Tensor {
    return tf.tidy(() => {
      const wanted = labels.toInt();
      return tf.where(wanted.equal(this.config.padToken), tf.fill(wanted.shape, ignoredTarget, 'int32'), wanted);
    });
  }

  protected override example(inputs: SourceAndTarget, labels?: TokenInput): Example {
    const [from, whole] = this.inputsOf(inputs);
    if (labels !== undefined) return {inputs: [from, whole], targets: this.targetsOf(labels)};
    const [batch, time] = whole.shape;
    if (time < 2)
      throw new DataError('loss: one token alone has no next token to predict; give two or more, or labels');
    const targets = whole.slice([0, 1], [batch, time - 1]);
    return {inputs: [from, whole.slice([0, 0], [batch, time - 1])], targets};
  }

  protected inputsOf(inputs: SourceAndTarget): [source: tf.Tensor2D, target: tf.Tensor2D] {
    const {source, target} = (inputs ?? {}) as Partial<SourceAndTarget>;
    if (source === undefined || target === undefined)
      throw new DataError(`${this.name}: needs both sequences, {source, target}`);
    return [this.sourceTensor(source), this.targetTensor(target)];
  }

  protected targetsOf(labels: TokenInput): tf.Tensor2D {
    return toTargetTensor(labels, `${this.name}: labels`, this.config.targetVocabSize);
  }

  private memoryOf(
    source: tf.Tensor,
    options: ForwardOptions,
    run?: RunLayer,
  ): {memory: tf.Tensor; memoryMask: tf.Tensor} {
    const memoryMask = options.attentionMask ?? this.maskOf(source);
    const memory = passThrough(this.stages.encoder, source, {...options, attentionMask: memoryMask}, run).output;
    return {memory, memoryMask};
  }

  /** One step of a stream. Runs inside a `tf.tidy`. */
  private advance(
    target: tf.Tensor2D,
    {memoryMask, layers: before}: TargetState,
    lastOnly: boolean,
    capacity: number,
  ): {output: tf.Tensor; state: StateTree} {
    const [batch] = target.shape;
    if (batch !== memoryMask.shape[0])
      throw new ShapeError(`${this.name}: the target has ${batch} rows, but the source has ${memoryMask.shape[0]}`);
    const options = {...inference, capacity, carried: {memoryMask}, attentionMask: this.maskOf(target)};
    const {output, states: layers, carried} = advanceThrough(this.stages.decoder, target, before, options);
    const last = lastPosition(output);
    const state: TargetState = {memoryMask, layers, last};
    return {output: this.stages.head.pass(lastOnly ? last : output, {...options, carried}).output, state};
  }

  private maskOf(tokens: tf.Tensor): tf.Tensor {
    return paddingMask(tokens, this.config.padToken);
  }

  private step(time: number) {
    return {name: this.name, time, origin: this.stateOrigin};
  }

  private requireOwn(state: StreamState): void {
    if (!(state instanceof StreamState) || state.origin === undefined)
      throw new DataError(`${this.name}: the stream state is not of this model; begin(source) makes one`);
    requireOrigin(this.name, state.origin, this.stateOrigin);
  }

  private sourceTensor(tokens: TokenInput): tf.Tensor2D {
    const source = toTokenTensor(tokens, `${this.name}: source`, this.config.sourceVocabSize);
    this.checkLength('source', source.shape[1]);
    return source;
  }

  private targetTensor(tokens: TokenInput): tf.Tensor2D {
    const target = toTokenTensor(tokens, `${this.name}: target`, this.config.targetVocabSize);
    this.checkLength('target', target.shape[1]);
    return target;
  }

  private checkLength(side: string, length: number): void {
    if (this.contextLength !== null && length > this.contextLength)
      throw new ShapeError(`${this.name}: the ${side} has ${length} tokens, but ${this.contextLength} are the most`);
  }
}
