import * as tf from '@tensorflow/tfjs';
import {requireArgument, requireOptionalTensors, requireOptions} from '../arguments';
import {ConfigError, DataError} from '../errors';
import {CausalLayer} from '../layers/causal-layer';
import {type ForwardOptions, inference, type VariantLayer} from '../layers/layer';
import {StepRecorder} from '../streams/recorded-step';
import {originOf, requireOrigin, type StateOrigin} from '../streams/state-origin';
import type {StateTree} from '../streams/state-tree';
import {requireState, StreamState} from '../streams/stream-state';
import {advanceThrough, type ChainState, connectThrough, passThrough, type RunLayer, shortestContext} from './chain';
import {generateText, generateTokens} from './generate';
import {type GenerateOptions, resolveOptions, type TextOptions} from './generate-options';
import {lastPosition} from './last-position';
import {type TokenInput, toTargetTensor, toTokenTensor} from './token-input';
import {
  type Example,
  type LossOptions,
  type ModelIdentity,
  type ModelTypes,
  VariantModel,
  type VariantModelConfig,
} from './variant-model';

/** The fields that every language model's configuration has. */
export interface LanguageModelConfig extends VariantModelConfig {
  /** Number of different tokens. */
  vocabSize: number;
}

/** Options of {@link LanguageModel.stream}. */
export interface StreamOptions {
  /** Compute the logits of the last position alone; time is then 1. Default false. */
  lastOnly?: boolean;
  /** [batch, time], 1 = a token, 0 = padding on the left of a shorter prompt. Default: all are tokens. */
  attentionMask?: tf.Tensor;
  /** [batch, time], 1 = belongs to a prompt that is read in both directions, of the first piece alone; see {@link ForwardOptions}. */
  prefix?: tf.Tensor;
}

/** What a language model takes and gives. */
export interface LanguageModelTypes extends ModelTypes {
  /** Token ids [batch, time]. */
  inputs: TokenInput;
  /** The token that is to follow each, [batch, time]; -100 where nothing is to be predicted. */
  targets: TokenInput;
  /** [batch, time, vocabulary] */
  outputs: tf.Tensor3D;
  options: LossOptions;
}

/**
 * A causal language model: token ids [batch, time] to logits [batch, time, vocabulary], as a chain of layers of which
 * each causal one can be fed in pieces.
 *
 * `logits(tokens)` gives those of every position in one pass. `loss(tokens)` is that of each token given those before it;
 * with targets [batch, time], of `targets[b, t]` at position t, leaving out -100.
 */
export abstract class LanguageModel<Config extends LanguageModelConfig = LanguageModelConfig> extends VariantModel<
  Config,
  LanguageModelTypes
> {
  readonly kind = 'language-model';
  /** From token ids to what the head takes. */
  private readonly body: VariantLayer[];
  /** To logits. */
  private readonly head: VariantLayer;
  /**
   * What the states of this model are made by, as they say: its name and the fields of its configuration that they depend
   * on. States of another model with the same are taken, whatever its weights.
   */
  readonly stateOrigin: StateOrigin;
  /** Of steps of single tokens. */
  private readonly recorder: StepRecorder;

  /**
   * @param config Complete: every field has its value. Its seed draws the weights, which the layers make here.
   * @param stages The layers in order. The first takes token ids, the last gives logits. Every name must be its own.
   */
  constructor(config: Config, stages: VariantLayer[], identity: ModelIdentity) {
    super(config, identity, () => {
      const inputs = tf.input({shape: [null], dtype: 'int32', name: 'tokens'});
      return {inputs, outputs: connectThrough(stages, inputs)};
    });
    this.body = stages.slice(0, -1);
    this.head = stages[stages.length - 1];
    this.stateOrigin = originOf(identity.name, config, identity.beyondStates);
    const variables = this.weights;
    this.recorder = new StepRecorder(() => variables.map((variable) => variable.read()));
  }

  /**
   * The longest sequence that the model can see, or null where there is no limit: the least of its layers'. `stream` throws
   * a ShapeError beyond it; `generate` goes on with the last tokens.
   */
  override get contextLength(): number | null {
    return shortestContext(this.body);
  }

  /**
   * The most tokens that `generate` lets the model see, where it was trained on shorter sequences than its context and its
   * weights for what lies further back mean nothing; null, as in most architectures, where there is no such limit.
   */
  get trainedLength(): number | null {
    return null;
  }

  forward(tokens: tf.Tensor | tf.Tensor[], options: ForwardOptions, run?: RunLayer): tf.Tensor {
    return passThrough([...this.body, this.head], [tokens].flat()[0], options, run).output;
  }

  /** What the head takes: the last layer's output before it, [batch, time, hidden]. The caller disposes it. */
  hidden(tokens: TokenInput, options: Partial<ForwardOptions> = {}): tf.Tensor3D {
    this.requireWeights();
    return tf.tidy(() => {
      const {output} = passThrough(this.body, this.inputsOf(tokens), this.runOptions(options));
      return output as tf.Tensor3D;
    });
  }

  /**
   * Feeds the next tokens of a sequence: a prompt, one token, or anything between.
   * @param tokens [batch, time]
   * @param state What the call before returned (it is used up), or nothing to start a stream.
   * @returns `logits` [batch, time, vocabulary], which the caller disposes, and the state to go on with.
   * @throws DataError for a state that another architecture made, or one of another configuration.
   */
  stream(
    tokens: TokenInput,
    state?: StreamState | null,
    options: StreamOptions = {},
  ): {logits: tf.Tensor3D; state: StreamState} {
    this.requireWeights();
    requireOptions('stream', options, ['lastOnly', 'attentionMask', 'prefix']);
    requireOptionalTensors('stream', {attentionMask: options.attentionMask, prefix: options.prefix});
    this.requireOwn(state, true);
    const ids = tf.tidy(() => this.inputsOf(tokens));
    try {
      const {contextLength, name, stateOrigin: origin} = this;
      const time = ids.shape[1];
      const {output, state: next} = StreamState.advance(
        state,
        {name, time, contextLength, origin},
        (tree, capacity, fed) =>
          tree !== null && time === 1 && !options.attentionMask && !options.prefix
            ? this.recorder.advance(
                ids,
                tree,
                `${capacity}`,
                (x, before) => this.advance(x, before, {capacity, fed}),
                this.stepKind(fed),
              )
            : this.advance(ids, tree, {...options, capacity, fed}),
      );
      return {logits: output as tf.Tensor3D, state: next};
    } finally {
      ids.dispose();
    }
  }

  /** The kinds of its layers' work, behind so many tokens. */
  private stepKind(fed: number): string {
    return this.body.map((layer) => (layer instanceof CausalLayer ? layer.stepKind(fed) : '')).join();
  }

  /** Frees the weights, and what the engine has recorded. */
  override dispose(): ReturnType<tf.LayersModel['dispose']> {
    this.recorder.dispose();
    return super.dispose();
  }

  /**
   * What a stream predicts for the token after all that it was fed: logits [batch, 1, vocabulary], which the caller
   * disposes. The state stays usable.
   * @throws DataError for a state that was fed no token yet, or that another model made.
   */
  nextLogits(state: StreamState): tf.Tensor3D {
    this.requireOwn(state);
    if (state.length === 0)
      throw new DataError(
        `${this.name}: the stream state was fed no token yet; feed it one before asking for the next`,
      );
    const last = (state.tree as ChainState)[this.head.name] as tf.Tensor;
    return tf.tidy(() => this.head.forward(last, inference) as tf.Tensor3D);
  }

  /**
   * Takes the positions `start` to `end` - 1 out of what a stream remembers. The stream goes on as if those behind them had
   * followed on those before them, so that its length is `end` - `start` less; what deeper layers remember of the others is
   * what they found when all were there. For models whose layers with a memory are attention, with positions that are no
   * vectors of their own, and without a window.
   * @param state It is used up.
   * @throws ConfigError where a layer of the model cannot do that, or the positions are no part of the stream.
   */
  forget(state: StreamState, start: number, end: number): StreamState {
    this.requireOwn(state);
    const {length} = state;
    const isPart = Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start <= end && end <= length;
    if (!isPart || end - start === length)
      throw new ConfigError(
        `${this.name}: positions ${start} to ${end} cannot be forgotten; they must be a part, and not all, of the stream's ${length}`,
      );
    if (start === end) return state;
    const {name, stateOrigin: origin} = this;
    return StreamState.advance(state, {name, time: start - end, origin}, (tree) => {
      const states = {...(tree as ChainState)};
      for (const layer of this.body)
        if (layer instanceof CausalLayer && states[layer.name])
          states[layer.name] = layer.forget(states[layer.name], {start, end, length});
      return {output: null, state: states};
    }).state;
  }

  private requireOwn(state: StreamState | null | undefined, mayBeMissing = false): void {
    requireState(this.name, state, mayBeMissing);
    if (state) requireOrigin(this.name, state.origin, this.stateOrigin);
  }

  /** One step of a stream on the states of the layers. Runs inside a `tf.tidy`. */
  private advance(
    tokens: tf.Tensor,
    tree: StateTree | null,
    {lastOnly, attentionMask, prefix, capacity, fed}: StreamOptions & {capacity: number; fed: number},
  ): {output: tf.Tensor; state: StateTree} {
    const options: ForwardOptions = {...inference, attentionMask, prefix, capacity, fed};
    const {output, states, carried} = advanceThrough(this.body, tokens, tree as ChainState | null, options);
    // For `nextLogits`: what predicts the token after this piece.
    const last = lastPosition(output);
    const logits = this.head.pass(lastOnly ? last : output, {...options, carried}).output;
    return {output: logits, state: {...states, [this.head.name]: last}};
  }

  /** Continues a text: with a tokenizer, yields pieces of text as they complete. */
  generate(prompt: string, options: GenerateOptions & TextOptions): AsyncGenerator<string, void, void>;
  /** Continues token ids: yields one id after the other. */
  generate(prompt: ArrayLike<number>, options?: GenerateOptions): AsyncGenerator<number, void, void>;
  generate(
    prompt: string | ArrayLike<number>,
    options: GenerateOptions & Partial<TextOptions> = {},
  ): AsyncGenerator<string | number, void, void> {
    this.requireWeights();
    if (typeof prompt !== 'string') return generateTokens(this, prompt, options);
    const {tokenizer} = resolveOptions(options);
    if (!tokenizer)
      throw new ConfigError('generate: a text prompt needs the option tokenizer, e.g. {tokenizer: byteTokenizer}');
    return generateText(this, prompt, {...options, tokenizer});
  }

  protected override example(tokens: TokenInput, targets?: TokenInput): Example {
    const inputs = this.inputsOf(tokens);
    if (targets !== undefined) return {inputs, targets: this.targetsOf(targets)};
    const [batch, time] = inputs.shape;
    if (time < 2)
      throw new DataError('loss: one token alone has no next token to predict; give two or more, or targets');
    return {inputs: inputs.slice([0, 0], [batch, time - 1]), targets: inputs.slice([0, 1], [batch, time - 1])};
  }

  protected inputsOf(tokens: TokenInput): tf.Tensor2D {
    return toTokenTensor(tokens, `${this.name}: tokens`, this.config.vocabSize);
  }

  protected targetsOf(targets: TokenInput): tf.Tensor2D {
    return toTargetTensor(targets, `${this.name}: targets`, this.config.vocabSize);
  }
}

/** Throws a ConfigError unless a value is a causal language model of a package of ours, with its weights. */
export function requireLanguageModel(owner: string, model: unknown): asserts model is LanguageModel {
  const allowed = 'a causal language model, such as transformer() of @variants/transformer gives';
  requireArgument(owner, 'the model', model, model instanceof LanguageModel, allowed);
}
