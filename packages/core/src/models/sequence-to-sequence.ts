import * as tf from '@tensorflow/tfjs';
import {requireOptions} from '../arguments';
import {DataError, ShapeError} from '../errors';
import {DecoderLayer} from '../layers/decoder-layer';
import {type ForwardOptions, inference} from '../layers/layer';
import {paddingMask} from '../layers/padding-mask';
import {StepRecorder} from '../streams/recorded-step';
import {originOf, requireOrigin, type StateOrigin} from '../streams/state-origin';
import {gatherRows, type StateTree} from '../streams/state-tree';
import {type Carried, StreamState} from '../streams/stream-state';
import {type BeamOptions, type BeamSteps, type Hypothesis, resolveBeamOptions} from './beam-options';
import {beamSearch} from './beam-search';
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
  /** Of steps of single tokens. */
  private readonly recorder: StepRecorder;

  /** @param config Complete: every field has its value. Its seed draws the weights, which the layers make here. */
  constructor(config: Config, layers: SequenceToSequenceLayers, identity: ModelIdentity) {
    super(config, identity, () => connectSequences(config.padToken, layers));
    this.stages = layers;
    this.stateOrigin = originOf(identity.name, config, identity.beyondStates);
    const variables = this.weights;
    this.recorder = new StepRecorder(() => variables.map((variable) => variable.read()));
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
    const carried = this.memoryOf(source, options, run);
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
    return this.beginRows(source, 1);
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
        // The first step is of a shape of its own; what is recorded of another source's may serve those behind it.
        time === 1 && state.length > 0
          ? this.recorder.advance(ids, tree, `${capacity}`, (x, before) => this.advance(x, before, {capacity}))
          : this.advance(ids, tree, {lastOnly, capacity}),
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

  /**
   * The most probable targets of sources, by beam search (as fairseq's, with the same results): the `beams` best beginnings
   * are gone on with at each step, until as many have ended. `beams: 1` is greedy decoding of a batch.
   * @param source Token ids [batch, source time], shorter rows filled up with the configuration's padToken.
   * @returns For each source its hypotheses, the best first: `beams` of them, or as many as there are.
   * @throws ConfigError for an option, DataError for logits that are not finite; the reason of the signal when it aborts.
   */
  async beamSearch(source: TokenInput, options: BeamOptions): Promise<Hypothesis[][]> {
    this.requireWeights();
    const settings = resolveBeamOptions(options, this.config.targetVocabSize, this.contextLength);
    const {padToken} = this.config;
    const ids = tf.tidy(() => this.sourceTensor(source));
    try {
      const lengths = tf.tidy(() => ids.notEqual(padToken).sum(1).dataSync());
      return await beamSearch(this.beamSteps(ids), [...lengths], padToken, settings);
    } finally {
      ids.dispose();
    }
  }

  /** Frees the weights, and what the engine has recorded. */
  override dispose(): ReturnType<tf.LayersModel['dispose']> {
    this.recorder.dispose();
    return super.dispose();
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

  /** What travels to the decoder. */
  private memoryOf(
    source: tf.Tensor,
    options: ForwardOptions,
    run?: RunLayer,
  ): Carried & {memory: tf.Tensor; memoryMask: tf.Tensor} {
    const memoryMask = options.attentionMask ?? this.maskOf(source);
    const {encoder} = this.stages;
    const {output: memory, carried} = passThrough(encoder, source, {...options, attentionMask: memoryMask}, run);
    return {...carried, memory, memoryMask};
  }

  /** The state that a stream begins with, in which each row of the source comes so many times, one after the other. */
  private beginRows(source: TokenInput, times: number): StreamState {
    const {state} = StreamState.advance(null, this.step(0), () => {
      const carried = this.memoryOf(this.sourceTensor(source), inference);
      const {memory, memoryMask} = carried;
      const layers = this.stages.decoder.filter((layer) => layer instanceof DecoderLayer);
      const states = layers.map((layer): [string, StateTree] => [layer.name, layer.begin(memory, carried)]);
      const start: TargetState = {memoryMask, layers: Object.fromEntries(states), last: null};
      return {output: null, state: times === 1 ? start : repeatRows(start, memoryMask.shape[0], times)};
    });
    return state;
  }

  /** The steps of a beam search of sources [batch, source time]. */
  private beamSteps(source: tf.Tensor2D): BeamSteps {
    return {
      begin: (beams) => this.beginRows(source, beams),
      step: (ids, state, longest) => {
        const [rows, columns] = ids.shape;
        // Room for the longest target and no more: the caches of all hypotheses are moved with each step.
        const options = {...this.step(1), contextLength: longest};
        return StreamState.advance(state, options, (tree, capacity) => {
          const take = (input: tf.Tensor, before: StateTree) => {
            if (columns === 1) return this.advance(input, before, {capacity});
            const [tokens, parents] = tf.split(input, 2, 1);
            return this.advance(tokens, this.reorder(before, parents.reshape([rows]) as tf.Tensor1D), {capacity});
          };
          const key = `${capacity} ${columns}`;
          return state.length > 0 ? this.recorder.advance(ids, tree, key, take) : take(ids, tree);
        });
      },
      keep: (state, rows) => {
        const batch = (state.tree as TargetState).memoryMask.shape[0];
        const kept = (tree: StateTree) => gatherRows(tree, tf.tensor1d(rows, 'int32'), batch);
        return StreamState.advance(state, this.step(0), (tree) => ({output: null, state: kept(tree)})).state;
      },
    };
  }

  /** A state whose row i is row `rows[i]` of before, of the same source. */
  private reorder(tree: StateTree, rows: tf.Tensor1D): TargetState {
    const {memoryMask, layers, last} = tree as TargetState;
    const moved = {...layers};
    for (const layer of this.stages.decoder) {
      const before = layers[layer.name];
      if (before === undefined) continue;
      moved[layer.name] =
        layer instanceof DecoderLayer ? layer.reorder(before, rows) : gatherRows(before, rows, rows.size);
    }
    return {memoryMask, layers: moved, last};
  }

  /** One step of a stream. Runs inside a `tf.tidy`. */
  private advance(
    target: tf.Tensor,
    tree: StateTree,
    {lastOnly = false, capacity}: {lastOnly?: boolean; capacity: number},
  ): {output: tf.Tensor; state: StateTree} {
    const {memoryMask, layers: before} = tree as TargetState;
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

/** A tree in which each of the batch's rows comes so many times. */
function repeatRows<Tree extends StateTree>(tree: Tree, batch: number, times: number): Tree {
  const rows = Array.from({length: batch * times}, (_, row) => Math.floor(row / times));
  return gatherRows(tree, tf.tensor1d(rows, 'int32'), batch) as Tree;
}
