import * as tf from '@tensorflow/tfjs';
import type {CheckpointLayout} from '../checkpoints/layout';
import {noticeUnchosenEngine} from '../engine-notice';
import {DataError} from '../errors';
import {softmaxCrossEntropy} from '../kernels/softmax-cross-entropy';
import {type ForwardOptions, inference} from '../layers/layer';
import type {RunLayer} from './chain';
import {frozenLayersOf, restoreTrainable} from './frozen-layers';
import {compileForIntegers, countOf, countRight, type IntegerCompileArgs} from './integer-targets';
import type {ModelKind} from './model-kind';
import {withWeights} from './with-weights';

/** The field that every model's configuration has. */
export interface VariantModelConfig {
  /** Seed of the first weights, 0 to 2^53 - 1. Default 0. */
  seed: number;
}

/** What a model is, beside its configuration and its layers. */
export interface ModelIdentity {
  /** Its name, for tfjs and for messages. */
  name: string;
  /**
   * Fields of the configuration that no state of a stream depends on, beside seed, rates of dropout and label smoothing, so
   * that a model that differs in them goes on with it. Default: none.
   */
  beyondStates?: readonly string[];
}

/** The inputs and outputs of a model's graph, for tfjs. */
export interface ModelGraph {
  inputs: tf.SymbolicTensor | tf.SymbolicTensor[];
  outputs: tf.SymbolicTensor;
}

/** What a model is trained on, as tensors: what {@link VariantModel.forward} takes, and what its output must be. */
export interface Example {
  /** One tensor, or as many as the model has inputs. */
  inputs: tf.Tensor | tf.Tensor[];
  /** int32; -100 where nothing is to be predicted. */
  targets: tf.Tensor;
}

/** Options of a loss. */
export interface LossOptions extends Partial<ForwardOptions> {
  /** The share of the probability that is spread over all classes, 0 to 1. Default: the configuration's, or 0. */
  labelSmoothing?: number;
}

/** How many targets count, and how many of them the model got right (of an error rate: wrong). */
export interface Score {
  sum: number;
  count: number;
}

/** The types of a kind of model. */
export interface ModelTypes {
  /** What a caller gives. */
  inputs: unknown;
  /** What the outputs are to be. */
  targets: unknown;
  outputs: tf.Tensor;
  options: LossOptions;
}

/** The least that is known of any kind of model: nothing of what it takes from a caller. */
export interface AnyTypes extends ModelTypes {
  inputs: never;
  targets: never;
}

/**
 * What all models here are: a `tf.LayersModel` that knows its configuration, how its authors lay out its checkpoints, how
 * it is trained and how it is judged. `compile`, `fit`, `summary`, `save` and `tf.loadLayersModel` work, with integer
 * targets.
 *
 * A kind of model says what it takes from a caller (`inputsOf`, `targetsOf`), how its layers make an output of it
 * ({@link forward}) and, where it is not the cross entropy of integer targets, what its loss is ({@link criterion}).
 */
export abstract class VariantModel<
  Config extends VariantModelConfig = VariantModelConfig,
  Types extends ModelTypes = AnyTypes,
> extends tf.LayersModel {
  readonly config: Config;
  private hasNoWeights = false;
  /** What the model does. */
  abstract readonly kind: ModelKind;
  /** How `saveCheckpoint` names and shapes the weights: as the authors do. */
  abstract layout: CheckpointLayout<Config>;
  /** The layers that its configuration makes frozen. */
  private readonly frozenAtFirst: readonly string[];

  /** @param connect Applies the layers, which makes their weights; the configuration's seed draws them. */
  constructor(config: Config, {name}: ModelIdentity, connect: () => ModelGraph) {
    noticeUnchosenEngine();
    super({...withWeights(name, config.seed, connect), name});
    this.config = config;
    this.frozenAtFirst = frozenLayersOf(this);
  }

  /** Throws a DataError where the model was disposed. */
  protected requireWeights(): void {
    if (this.isDisposed) throw new DataError(`${this.name}: the model was disposed and has no weights any more`);
  }

  /** Whether {@link dispose} has freed the weights. */
  get isDisposed(): boolean {
    return this.hasNoWeights;
  }

  /** The longest sequence that the model can see, or null where there is no limit. */
  get contextLength(): number | null {
    return null;
  }

  /**
   * The model's function of its inputs, layer by layer. Runs inside a `tf.tidy` of the caller.
   * @param run How each layer is run; a training loop may put gradient checkpointing around it.
   */
  abstract forward(inputs: tf.Tensor | tf.Tensor[], options: ForwardOptions, run?: RunLayer): tf.Tensor;

  /** Checks and converts what a caller gives the model to take. Runs inside a `tf.tidy`. */
  protected abstract inputsOf(inputs: Types['inputs']): tf.Tensor | tf.Tensor[];

  /** Checks and converts what a caller wants outputs to be. Runs inside a `tf.tidy`. */
  protected abstract targetsOf(targets: Types['targets']): tf.Tensor;

  /** What is trained on where a caller gives these; a kind of model may do without targets. */
  protected example(inputs: Types['inputs'], targets?: Types['targets']): Example {
    if (targets === undefined) throw new DataError(`${this.name}: loss needs targets beside its inputs`);
    return {inputs: this.inputsOf(inputs), targets: this.targetsOf(targets)};
  }

  /** How the layers run with a caller's options: by default as those of a trained model, without dropout. */
  protected runOptions(options: Types['options']): ForwardOptions {
    return {...inference, ...options};
  }

  /** The model's outputs, such as logits over all classes in the last axis. The caller disposes them. */
  logits(inputs: Types['inputs'], options: Types['options'] = {}): Types['outputs'] {
    this.requireWeights();
    return tf.tidy(() => this.forward(this.inputsOf(inputs), this.runOptions(options)));
  }

  /**
   * Mean loss in nats of outputs over all targets that count: the cross entropy unless the kind of model has another.
   * Differentiable.
   */
  criterion(outputs: tf.Tensor, targets: tf.Tensor, {labelSmoothing: smoothing}: LossOptions = {}): tf.Scalar {
    return softmaxCrossEntropy(outputs, this.counted(targets), {smoothing});
  }

  /** Targets with -100 where nothing counts. */
  counted(targets: tf.Tensor): tf.Tensor {
    return targets;
  }

  /** How many targets count, [] int32: what the mean of a part of a batch weighs in the mean of the whole. */
  countTargets(targets: tf.Tensor): tf.Scalar {
    return tf.tidy(() => countOf(this.counted(targets)));
  }

  /** How right outputs are: of the targets that count those whose logit is the largest. */
  async score(outputs: tf.Tensor, targets: tf.Tensor): Promise<Score> {
    const both = tf.tidy(() => {
      const {right, count} = countRight(outputs, this.counted(targets));
      return tf.stack([right, count]);
    });
    try {
      const [sum, count] = await both.data();
      return {sum, count};
    } finally {
      both.dispose();
    }
  }

  /** The share of the targets that count whose logit is the largest: what `fit` calls 'acc'. Runs inside a `tf.tidy`. */
  accuracy(outputs: tf.Tensor, targets: tf.Tensor): tf.Scalar {
    const {right, count} = countRight(outputs, this.counted(targets));
    return right.toFloat().div(count.toFloat()) as tf.Scalar;
  }

  /**
   * Mean loss in nats over all targets that count.
   * @param inputs What the model takes.
   * @param targets What it is to give; a language model may leave that out.
   * @param options How the layers run; by default as those of a trained model, without dropout.
   */
  override loss = (
    // A tensor of any kind beside, because tfjs's own type of a loss takes two.
    inputs: Types['inputs'] | tf.Tensor,
    targets?: Types['targets'] | tf.Tensor,
    options: Types['options'] = {},
  ): tf.Scalar => {
    this.requireWeights();
    return tf.tidy(() => {
      const example = this.example(inputs, targets);
      const outputs = this.forward(example.inputs, this.runOptions(options));
      return this.criterion(outputs, example.targets, options);
    });
  };

  /**
   * As in tfjs, with integer targets, -100 where nothing is to be predicted: the loss is the model's own unless a function
   * is given, and the metrics 'acc' and 'accuracy' count the right ones.
   */
  override compile(args: IntegerCompileArgs): void {
    compileForIntegers(this, args, (complete) => super.compile(complete));
  }

  /** The configuration, and what is not trained where that is not as the configuration makes it. */
  override getConfig(): tf.serialization.ConfigDict {
    const frozen = frozenLayersOf(this);
    return {
      ...(this.config as unknown as tf.serialization.ConfigDict),
      ...(frozen.join() !== this.frozenAtFirst.join() && {frozenLayers: frozen.map((name) => ({name}))}),
      ...(!this.trainable && {trainable: false}),
    };
  }

  static override fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    // tfjs adds its list of further classes to what it read.
    {customObjects: _, frozenLayers, trainable, ...config}: tf.serialization.ConfigDict,
  ): T {
    const model = new cls(config);
    restoreTrainable(model as unknown as tf.LayersModel, {frozenLayers, trainable});
    return model;
  }

  /** Frees the weights, those too that tfjs keeps because two parts of the model share their layer; once. */
  override dispose(): ReturnType<tf.LayersModel['dispose']> {
    if (this.hasNoWeights) return {refCountAfterDispose: 0, numDisposedVariables: 0};
    const variables = this.weights.map((weight) => weight.read() as tf.Variable);
    const result = super.dispose();
    const kept = result.refCountAfterDispose === 0 ? variables.filter(({isDisposed}) => !isDisposed) : [];
    for (const variable of kept) variable.dispose();
    this.hasNoWeights = result.refCountAfterDispose === 0;
    return {...result, numDisposedVariables: result.numDisposedVariables + kept.length};
  }
}
