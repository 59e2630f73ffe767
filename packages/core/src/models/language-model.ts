import * as tf from '@tensorflow/tfjs';
import type {CheckpointLayout} from '../checkpoints/layout';
import {ConfigError, DataError} from '../errors';
import {softmaxCrossEntropy} from '../kernels/softmax-cross-entropy';
import {CausalLayer} from '../layers/causal-layer';
import {withInitialization} from '../layers/initializers';
import {type ForwardOptions, inference, type VariantLayer} from '../layers/layer';
import {StepRecorder} from '../streams/recorded-step';
import type {StateTree} from '../streams/state-tree';
import {StreamState} from '../streams/stream-state';
import {generateText, generateTokens} from './generate';
import type {GenerateOptions, TextOptions} from './generate-options';
import {compileForIntegers, type IntegerCompileArgs} from './integer-targets';
import {lastPosition} from './last-position';
import {ignoredTarget, type TokenInput, toTokenTensor} from './token-input';

/** The fields that every language model's configuration has. */
export interface LanguageModelConfig {
  /** Number of different tokens. */
  vocabSize: number;
  /** Seed of the first weights. */
  seed: number;
}

/** Options of {@link LanguageModel.stream}. */
export interface StreamOptions {
  /** Compute the logits of the last position alone; time is then 1. Default false. */
  lastOnly?: boolean;
  /** [batch, time], 1 = a token, 0 = padding on the left of a shorter prompt. Default: all are tokens. */
  attentionMask?: tf.Tensor;
}

/**
 * A causal language model: token ids [batch, time] to logits [batch, time, vocabulary], as a chain of layers of which
 * each causal one can be fed in pieces.
 *
 * It is a `tf.LayersModel`: `compile`, `fit`, `summary`, `save` and `tf.loadLayersModel` work, with integer targets
 * [batch, time], -100 where nothing is to be predicted.
 */
export abstract class LanguageModel<Config extends LanguageModelConfig = LanguageModelConfig> extends tf.LayersModel {
  readonly config: Config;
  /** How `saveCheckpoint` names and shapes the weights: as the authors do. */
  abstract layout: CheckpointLayout<Config>;
  private readonly stages: VariantLayer[];
  /** Of steps of single tokens. */
  private readonly recorder: StepRecorder;

  /**
   * The longest sequence that the model can see, or null where there is no limit. `stream` throws a ShapeError beyond it;
   * `generate` goes on with the last tokens.
   */
  get contextLength(): number | null {
    return null;
  }

  /**
   * @param config Complete: every field has its value. Its seed draws the weights, which the layers make here.
   * @param stages The layers in order. The first takes token ids, the last gives logits. Every name must be its own.
   */
  constructor(config: Config, stages: VariantLayer[], name: string) {
    super({...withInitialization({seed: config.seed}, () => connect(stages)), name});
    this.config = config;
    this.stages = stages;
    const variables = this.weights;
    this.recorder = new StepRecorder(() => variables.map((variable) => variable.read()));
  }

  /** Logits [batch, time, vocabulary] of every position, in one pass. The caller disposes them. */
  logits(tokens: TokenInput, options: Partial<ForwardOptions> = {}): tf.Tensor3D {
    return tf.tidy(() => this.forward(this.tokenTensor(tokens), {...inference, ...options}) as tf.Tensor3D);
  }

  /**
   * The model's function of token ids [batch, time] int32, layer by layer.
   * @param through How each layer is run; a training loop may put gradient checkpointing around it.
   */
  forward(
    tokens: tf.Tensor,
    options: ForwardOptions,
    through: (layer: VariantLayer, x: tf.Tensor) => tf.Tensor = (layer, x) => layer.forward(x, options),
  ): tf.Tensor {
    return this.stages.reduce((x, layer) => through(layer, x), tokens);
  }

  /**
   * Feeds the next tokens of a sequence: a prompt, one token, or anything between.
   * @param tokens [batch, time]
   * @param state What the call before returned (it is used up), or nothing to start a stream.
   * @returns `logits` [batch, time, vocabulary], which the caller disposes, and the state to go on with.
   */
  stream(
    tokens: TokenInput,
    state?: StreamState | null,
    options: StreamOptions = {},
  ): {logits: tf.Tensor3D; state: StreamState} {
    const ids = tf.tidy(() => this.tokenTensor(tokens));
    try {
      const {contextLength, name} = this;
      const time = ids.shape[1];
      const {output, state: next} = StreamState.advance(state, {name, time, contextLength}, (tree, capacity) =>
        tree !== null && time === 1 && !options.attentionMask
          ? this.recorder.advance(ids, tree, `${capacity}`, (x, before) => this.advance(x, before, {capacity}))
          : this.advance(ids, tree, {...options, capacity}),
      );
      return {logits: output as tf.Tensor3D, state: next};
    } finally {
      ids.dispose();
    }
  }

  /** Frees the weights, and what the engine has recorded. */
  override dispose(): ReturnType<tf.LayersModel['dispose']> {
    this.recorder.dispose();
    return super.dispose();
  }

  /**
   * What a stream predicts for the token after all that it was fed: logits [batch, 1, vocabulary], which the caller
   * disposes. The state stays usable.
   */
  nextLogits(state: StreamState): tf.Tensor3D {
    const head = this.stages[this.stages.length - 1];
    const last = (state.tree as {[layer: string]: StateTree} | null)?.[head.name];
    if (!(last instanceof tf.Tensor)) throw new DataError(`${this.name}: the stream state is not of this model`);
    return tf.tidy(() => head.forward(last, inference) as tf.Tensor3D);
  }

  /** One step of a stream on the tree of states, one entry per layer that has one. Runs inside a `tf.tidy`. */
  protected advance(
    tokens: tf.Tensor,
    tree: StateTree | null,
    {lastOnly, attentionMask, capacity}: StreamOptions & {capacity: number},
  ): {output: tf.Tensor; state: StateTree} {
    const options: ForwardOptions = {...inference, attentionMask, capacity};
    const before = tree as {[layer: string]: StateTree} | null;
    const after: {[layer: string]: StateTree} = {};
    const head = this.stages[this.stages.length - 1];
    let x = tokens;
    for (const layer of this.stages) {
      if (layer === head) {
        // For `nextLogits`: what predicts the token after this piece.
        const last = lastPosition(x);
        after[head.name] = last;
        if (lastOnly) x = last;
      }
      if (layer instanceof CausalLayer) {
        const step = layer.advance(x, before?.[layer.name] ?? null, options);
        after[layer.name] = step.state;
        x = step.output;
      } else {
        x = layer.forward(x, options);
      }
    }
    return {output: x, state: after};
  }

  /** Continues a text: with a tokenizer, yields pieces of text as they complete. */
  generate(prompt: string, options: GenerateOptions & TextOptions): AsyncGenerator<string, void, void>;
  /** Continues token ids: yields one id after the other. */
  generate(prompt: readonly number[], options?: GenerateOptions): AsyncGenerator<number, void, void>;
  generate(
    prompt: string | readonly number[],
    options: GenerateOptions & Partial<TextOptions> = {},
  ): AsyncGenerator<string | number, void, void> {
    if (typeof prompt !== 'string') return generateTokens(this, prompt, options);
    const {tokenizer} = options;
    if (!tokenizer)
      throw new ConfigError('generate: a text prompt needs the option tokenizer, e.g. {tokenizer: byteTokenizer}');
    return generateText(this, prompt, {...options, tokenizer});
  }

  /**
   * Mean cross entropy in nats. With one argument, of each token given those before it; with targets [batch, time], of
   * `targets[b, t]` at position t, leaving out -100.
   */
  override loss = (tokens: TokenInput, targets?: TokenInput): tf.Scalar =>
    tf.tidy(() => {
      const inputs = this.tokenTensor(tokens);
      if (targets !== undefined) {
        const isIgnored = (id: number) => id === ignoredTarget;
        const wanted = toTokenTensor(targets, `${this.name}: targets`, this.config.vocabSize, isIgnored);
        return softmaxCrossEntropy(this.logits(inputs), wanted);
      }
      const [batch, time] = inputs.shape;
      if (time < 2)
        throw new DataError('loss: one token alone has no next token to predict; give two or more, or targets');
      const logits = this.logits(inputs.slice([0, 0], [batch, time - 1]));
      return softmaxCrossEntropy(logits, inputs.slice([0, 1], [batch, time - 1]));
    });

  /**
   * As in tfjs, with integer targets [batch, time]: the loss is the model's own cross entropy unless a function is given,
   * and the metrics 'acc' and 'accuracy' count the right tokens.
   */
  override compile(args: IntegerCompileArgs): void {
    compileForIntegers(this, args, (complete) => super.compile(complete));
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

  /** Checks and converts what a caller calls tokens: [batch, time] int32. */
  protected tokenTensor(tokens: TokenInput): tf.Tensor2D {
    return toTokenTensor(tokens, `${this.name}: tokens`, this.config.vocabSize);
  }
}

function connect(stages: VariantLayer[]): {inputs: tf.SymbolicTensor; outputs: tf.SymbolicTensor} {
  const inputs = tf.input({shape: [null], dtype: 'int32', name: 'tokens'});
  return {inputs, outputs: stages.reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, inputs)};
}
