import * as tf from '@tensorflow/tfjs';
import type {CheckpointLayout} from '../checkpoints/layout';
import {DataError, ShapeError} from '../errors';
import {softmaxCrossEntropy} from '../kernels/softmax-cross-entropy';
import {CausalLayer} from '../layers/causal-layer';
import {DecoderLayer, type DecoderOptions} from '../layers/decoder-layer';
import {withInitialization} from '../layers/initializers';
import {type ForwardOptions, inference} from '../layers/layer';
import {paddingMask} from '../layers/padding-mask';
import type {StateTree} from '../streams/state-tree';
import {StreamState} from '../streams/stream-state';
import {connectSequences, type SequenceToSequenceLayers} from './connect-sequences';
import type {TextOptions} from './generate-options';
import {generateTarget, type TargetOptions} from './generate-target';
import {compileForIntegers, type IntegerCompileArgs} from './integer-targets';
import type {StreamOptions} from './language-model';
import {lastPosition} from './last-position';
import {ignoredTarget, type TokenInput, toTokenTensor} from './token-input';

/** The fields that every sequence-to-sequence model's configuration has. */
export interface SequenceToSequenceConfig {
  /** Number of different tokens of a source. */
  sourceVocabSize: number;
  /** Number of different tokens of a target. */
  targetVocabSize: number;
  /** The id that fills up shorter rows of both. No position looks at it, and it is not to be predicted. */
  padToken: number;
  /** The share of the probability that training spreads over all tokens, 0 to 1. */
  labelSmoothing: number;
  /** Seed of the first weights. */
  seed: number;
}

/** What a stream remembers: the mask of the source, and a tree for each layer that has one. */
type TargetState = {
  /** [batch, source time] */
  memoryMask: tf.Tensor;
  layers: {[layer: string]: StateTree};
  /** What the head takes at the last position, [batch, 1, width]; null before the first. */
  last: tf.Tensor | null;
};

/**
 * An encoder-decoder: source ids [batch, source time] and target ids [batch, target time] to logits [batch, target time,
 * vocabulary], those of position t given the whole source and the target up to t.
 *
 * It is a `tf.LayersModel` with two inputs: `compile`, `fit`, `summary`, `save` and `tf.loadLayersModel` work, with integer
 * labels [batch, target time]; those that are -100 or padding do not count.
 */
export abstract class SequenceToSequence<
  Config extends SequenceToSequenceConfig = SequenceToSequenceConfig,
> extends tf.LayersModel {
  readonly config: Config;
  /** How `saveCheckpoint` names and shapes the weights: as the authors do. */
  abstract layout: CheckpointLayout<Config>;
  private readonly stages: SequenceToSequenceLayers;

  /** The longest source and the longest target, or null where there is no limit. Beyond it a ShapeError is thrown. */
  get contextLength(): number | null {
    return null;
  }

  /** @param config Complete: every field has its value. Its seed draws the weights, which the layers make here. */
  constructor(config: Config, layers: SequenceToSequenceLayers, name: string) {
    super({...withInitialization({seed: config.seed}, () => connectSequences(config.padToken, layers)), name});
    this.config = config;
    this.stages = layers;
  }

  /** What the encoder makes of a source [batch, source time]: the memory [batch, source time, width]. The caller disposes it. */
  encode(source: TokenInput, options: Partial<ForwardOptions> = {}): tf.Tensor3D {
    return tf.tidy(() => this.memoryOf(this.sourceTensor(source), {...inference, ...options}).memory as tf.Tensor3D);
  }

  /** Logits [batch, target time, vocabulary] of every position of the target, in one pass. The caller disposes them. */
  logits(source: TokenInput, target: TokenInput, options: Partial<ForwardOptions> = {}): tf.Tensor3D {
    return tf.tidy(() => {
      const tokens = [this.sourceTensor(source), this.targetTensor(target)] as const;
      return this.forward(...tokens, {...inference, ...options}) as tf.Tensor3D;
    });
  }

  /** The model's function of ids [batch, source time] and [batch, target time], both int32. */
  forward(source: tf.Tensor, target: tf.Tensor, options: ForwardOptions): tf.Tensor {
    const attentionMask = this.maskOf(target);
    const whole: DecoderOptions = {...options, ...this.memoryOf(source, options), attentionMask};
    const x = this.stages.decoder.reduce((h, layer) => layer.forward(h, whole), target);
    return this.stages.head.forward(x, whole);
  }

  /**
   * The state that a stream of the target begins with: the source [batch, source time] is encoded, and what the decoder
   * needs of the memory is computed once.
   */
  begin(source: TokenInput): StreamState {
    const {state} = StreamState.advance(null, {name: this.name, time: 0}, () => {
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
    {lastOnly = false}: Pick<StreamOptions, 'lastOnly'> = {},
  ): {logits: tf.Tensor3D; state: StreamState} {
    if (!(state instanceof StreamState)) throw this.notOurs();
    const ids = tf.tidy(() => this.targetTensor(target));
    try {
      const time = ids.shape[1];
      this.checkLength('target', state.length + time);
      const {output, state: next} = StreamState.advance(state, {name: this.name, time}, (tree, capacity) =>
        this.advance(ids, this.stateOf(tree), lastOnly, capacity),
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
    const {last} = this.stateOf(state.tree);
    if (!last) throw new DataError(`${this.name}: the stream was fed no token of the target yet`);
    return tf.tidy(() => this.stages.head.forward(last, inference) as tf.Tensor3D);
  }

  /** Generates the target of a text: with a tokenizer, for both sides, yields pieces of text as they complete. */
  generate(source: string, options: TargetOptions & TextOptions): AsyncGenerator<string, void, void>;
  /** Generates the target of source ids: yields one id after the other, until the longest target at most. */
  generate(source: readonly number[], options: TargetOptions): AsyncGenerator<number, void, void>;
  generate(
    source: string | readonly number[],
    options: TargetOptions & Partial<TextOptions>,
  ): AsyncGenerator<string | number, void, void> {
    return generateTarget(this, source, options);
  }

  /**
   * Mean cross entropy in nats of `labels[b, t]` at position t of the target, leaving out -100 and padding, with the
   * configuration's label smoothing unless another is given. Without labels, of each token of the target given the source
   * and those before it.
   */
  override loss = (
    source: TokenInput,
    target: TokenInput,
    labels?: TokenInput,
    {labelSmoothing: smoothing = this.config.labelSmoothing}: {labelSmoothing?: number} = {},
  ): tf.Scalar =>
    tf.tidy(() => {
      const whole = this.targetTensor(target);
      const {inputs, wanted} =
        labels === undefined ? this.shifted(whole) : {inputs: whole, wanted: this.labelTensor(labels)};
      return softmaxCrossEntropy(this.logits(source, inputs), this.counted(wanted), {smoothing});
    });

  /**
   * As in tfjs, with two inputs and integer labels [batch, target time]: the loss is the model's own cross entropy unless
   * a function is given, and the metrics 'acc' and 'accuracy' count the right tokens.
   */
  override compile(args: IntegerCompileArgs): void {
    compileForIntegers(this, args, (complete) => super.compile(complete), {
      counted: (labels) => this.counted(labels),
      smoothing: this.config.labelSmoothing,
    });
  }

  /** Frees the weights, those too that tfjs keeps because source and target share their layer. */
  override dispose(): ReturnType<tf.LayersModel['dispose']> {
    const variables = this.weights.map((weight) => weight.read() as tf.Variable);
    const result = super.dispose();
    const kept = result.refCountAfterDispose === 0 ? variables.filter(({isDisposed}) => !isDisposed) : [];
    for (const variable of kept) variable.dispose();
    return {...result, numDisposedVariables: result.numDisposedVariables + kept.length};
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {...this.config} as unknown as tf.serialization.ConfigDict;
  }

  static override fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    {customObjects: _, ...config}: tf.serialization.ConfigDict,
  ): T {
    // tfjs adds its list of further classes to what it read.
    return new cls(config);
  }

  private memoryOf(source: tf.Tensor, options: ForwardOptions): {memory: tf.Tensor; memoryMask: tf.Tensor} {
    const memoryMask = this.maskOf(source);
    const masked: ForwardOptions = {...options, attentionMask: memoryMask};
    return {memory: this.stages.encoder.reduce((x, layer) => layer.forward(x, masked), source), memoryMask};
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
    const options: DecoderOptions = {...inference, capacity, memoryMask, attentionMask: this.maskOf(target)};
    const layers: {[layer: string]: StateTree} = {};
    const x = this.stages.decoder.reduce((h: tf.Tensor, layer) => {
      if (!(layer instanceof DecoderLayer || layer instanceof CausalLayer)) return layer.forward(h, options);
      const step = layer.advance(h, before[layer.name] ?? null, options);
      layers[layer.name] = step.state;
      return step.output;
    }, target);
    const last = lastPosition(x);
    const state: TargetState = {memoryMask, layers, last};
    return {output: this.stages.head.forward(lastOnly ? last : x, options), state};
  }

  private maskOf(tokens: tf.Tensor): tf.Tensor {
    return paddingMask(tokens, this.config.padToken);
  }

  private stateOf(tree: StateTree): TargetState {
    const state = tree as TargetState | null;
    if (!(state?.memoryMask instanceof tf.Tensor)) throw this.notOurs();
    return state;
  }

  private notOurs(): DataError {
    return new DataError(`${this.name}: the stream state is not of this model; begin(source) makes one`);
  }

  private shifted(target: tf.Tensor2D): {inputs: tf.Tensor2D; wanted: tf.Tensor2D} {
    const [batch, time] = target.shape;
    if (time < 2)
      throw new DataError('loss: one token alone has no next token to predict; give two or more, or labels');
    return {inputs: target.slice([0, 0], [batch, time - 1]), wanted: target.slice([0, 1], [batch, time - 1])};
  }

  /** Labels with -100 where nothing is to be predicted. */
  private counted(labels: tf.Tensor): tf.Tensor {
    return tf.tidy(() => {
      const wanted = labels.toInt();
      return tf.where(wanted.equal(this.config.padToken), tf.fill(wanted.shape, ignoredTarget, 'int32'), wanted);
    });
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

  private labelTensor(labels: TokenInput): tf.Tensor2D {
    const isIgnored = (id: number) => id === ignoredTarget;
    return toTokenTensor(labels, `${this.name}: labels`, this.config.targetVocabSize, isIgnored);
  }

  private checkLength(side: string, length: number): void {
    if (this.contextLength !== null && length > this.contextLength)
      throw new ShapeError(`${this.name}: the ${side} has ${length} tokens, but ${this.contextLength} are the most`);
  }
}
