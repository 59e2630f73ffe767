import * as tf from '@tensorflow/tfjs';
import {requireOptions, requireTensors} from '../arguments';
import {ConfigError, DataError, ShapeError} from '../errors';
import {isList, listOfIds} from '../ids';
import {ctcLoss} from '../kernels/ctc-loss';
import {padAxis} from '../kernels/padding';
import {withoutGradient} from '../kernels/without-gradient';
import type {ForwardOptions, VariantLayer} from '../layers/layer';
import {connectThrough, passThrough, type RunLayer} from './chain';
import {FrameMask, frameMask, framesOf, PaddingAsBlank} from './frame-mask';
import {editDistance, labelsOfPath} from './recognized';
import {ignoredTarget, type TokenInput, toTargetTensor} from './token-input';
import {
  type LossOptions,
  type ModelGraph,
  type ModelIdentity,
  type ModelTypes,
  type Score,
  VariantModel,
  type VariantModelConfig,
} from './variant-model';

/** The fields that every speech recognizer's configuration has. */
export interface SpeechRecognizerConfig extends VariantModelConfig {
  /** Number of different tokens, the blank among them; null for an encoder alone, which gives vectors in place of logits. */
  vocabSize: number | null;
  /** The token that stands for none. */
  blank: number;
  /** Features of a frame; null where the model takes samples, [batch, samples]. */
  inputSize: number | null;
}

/** Utterances of different lengths in one tensor. */
export interface Utterances {
  /** [batch, frames, features], or samples [batch, samples]. */
  features: tf.Tensor;
  /** How many frames, or samples, of each row there are, [batch]; the others are padding. Default: all. */
  lengths?: tf.Tensor | ArrayLike<number>;
}

/** What a speech recognizer takes and gives. */
export interface SpeechRecognizerTypes extends ModelTypes {
  /** Features of utterances that are all equally long, or {@link Utterances}. */
  inputs: tf.Tensor | Utterances;
  /** The tokens of each utterance, [batch, labels], without blanks; -100 behind those of a row that has fewer. */
  targets: TokenInput;
  /** [batch, output frames, vocabulary] */
  outputs: tf.Tensor3D;
  options: LossOptions;
}

/** The layers of a {@link SpeechRecognizer}. */
export interface SpeechRecognizerLayers {
  /** From features to vectors [batch, output frames, hidden], one after the other. Told nothing of padding. */
  frontEnd: VariantLayer[];
  /** From vectors to vectors; told which frames are padding. */
  backbone: VariantLayer[];
  /** From vectors to logits; null for none. */
  head: VariantLayer | null;
  /** Output frames that utterances of so many frames, or samples, have. */
  outputLengths(lengths: tf.Tensor): tf.Tensor;
  /** The fewest frames, or samples, that the front end makes anything of. Default 1. */
  fewestFrames?: number;
  /** Whether the backbone is told what is padding; if not, padding is a frame to it. Default true. */
  masksBackbone?: boolean;
}

/**
 * A model that gives each frame of an utterance a distribution over tokens and a blank, trained by connectionist temporal
 * classification (CTC, Graves et al. 2006), which adds up all ways in which frames may stand for the tokens.
 *
 * Frames that are padding are certain to be blank in `logits`, so that whatever reads them needs no lengths. `loss` is the
 * mean over the utterances of -log of the probability of their tokens, in nats; utterances with more tokens than their
 * frames can hold cost nothing and train nothing. The score is the error rate of the most probable path's tokens; the metric
 * 'acc' of `fit` is the share of utterances without an error.
 */
export abstract class SpeechRecognizer<
  Config extends SpeechRecognizerConfig = SpeechRecognizerConfig,
> extends VariantModel<Config, SpeechRecognizerTypes> {
  readonly kind = 'speech-recognizer';
  protected readonly parts: SpeechRecognizerLayers;
  private readonly padding: PaddingAsBlank;

  /** @param config Complete: every field has its value. Its seed draws the weights, which the layers make here. */
  constructor(config: Config, layers: SpeechRecognizerLayers, identity: ModelIdentity) {
    const padding = new PaddingAsBlank({name: 'padding', blank: config.blank});
    super(config, identity, () => connect(config, layers, padding));
    this.parts = layers;
    this.padding = padding;
  }

  /** @param inputs Features, and lengths [batch] int32. */
  forward(inputs: tf.Tensor | tf.Tensor[], options: ForwardOptions, run?: RunLayer): tf.Tensor {
    const {vectors, mask} = this.read([inputs].flat(), options, run);
    const {head} = this.parts;
    if (!head) return vectors;
    const logits = passThrough([head], vectors, options, run).output;
    return this.padding.forward(logits, {attentionMask: mask});
  }

  /** What the head takes, [batch, output frames, hidden]. The caller disposes it. */
  encode(inputs: SpeechRecognizerTypes['inputs'], options: LossOptions = {}): tf.Tensor3D {
    this.requireWeights();
    return tf.tidy(() => this.read(this.inputsOf(inputs), this.runOptions(options)).vectors as tf.Tensor3D);
  }

  /** How many frames of logits utterances of so many frames, or samples, have: [batch] int32. The caller disposes it. */
  outputLengths(lengths: tf.Tensor | ArrayLike<number>): tf.Tensor1D {
    return tf.tidy(() => {
      const given =
        lengths instanceof tf.Tensor ? lengths : tf.tensor1d(Array.from(listOfIds(lengths, `${this.name}: lengths`)));
      return this.parts.outputLengths(given.toFloat()).maximum(0).toInt() as tf.Tensor1D;
    });
  }

  override criterion(outputs: tf.Tensor, targets: tf.Tensor): tf.Scalar {
    return tf.tidy(() => {
      this.requireHead();
      const {blank} = this.config;
      const inputLengths = withoutGradient(() => framesOf(outputs, blank));
      const options = {inputLengths, blank, reduction: 'none', zeroInfinity: true} as const;
      return ctcLoss(outputs, targets.toInt(), options).mean() as tf.Scalar;
    });
  }

  /** The number of utterances, [] int32. */
  override countTargets(targets: tf.Tensor): tf.Scalar {
    return tf.scalar(targets.shape[0], 'int32');
  }

  /** How many tokens of the most probable path are wrong, of how many that are there to recognize. */
  override async score(outputs: tf.Tensor, targets: tf.Tensor): Promise<Score> {
    this.requireHead();
    const path = tf.tidy(() => outputs.argMax(2));
    try {
      const [rows, wanted] = [await path.data(), await targets.data()];
      const [batch, frames] = path.shape as number[];
      const count = targets.shape[1] as number;
      let [sum, all] = [0, 0];
      for (let row = 0; row < batch; row++) {
        const labels = wanted.slice(row * count, (row + 1) * count).filter((label) => label !== ignoredTarget);
        sum += editDistance(labelsOfPath(rows.slice(row * frames, (row + 1) * frames), this.config.blank), labels);
        all += labels.length;
      }
      return {sum, count: all};
    } finally {
      path.dispose();
    }
  }

  /** The share of utterances whose most probable path has no error. */
  override accuracy(outputs: tf.Tensor, targets: tf.Tensor): tf.Scalar {
    this.requireHead();
    return tf.tidy(() => {
      const path = outputs.argMax(2).toInt();
      const labels = targets.toInt();
      const count = labels.shape[1] as number;
      const previous = padAxis(path, 1, 1, 0, -1).slice([0, 0], path.shape as [number, number]);
      const isLabel = path.notEqual(this.config.blank).logicalAnd(path.notEqual(previous)).toFloat();
      const places = isLabel.cumsum(1).sub(1).mul(isLabel).toInt();
      const units = tf.oneHot(places, count).toFloat().mul(isLabel.expandDims(2));
      const found = tf.matMul(path.toFloat().expandDims(1), units).squeeze([1]);
      const there = labels.greaterEqual(0);
      const isSame = found.sub(labels.toFloat()).abs().less(0.5).logicalOr(there.logicalNot()).all(1);
      const isAll = isLabel.sum(1).equal(there.toFloat().sum(1));
      return isSame.logicalAnd(isAll).toFloat().mean() as tf.Scalar;
    });
  }

  /** Vectors of features and lengths, and which of them are there. Runs inside a `tf.tidy`. */
  protected read(
    [features, lengths]: tf.Tensor[],
    options: ForwardOptions,
    run?: RunLayer,
  ): {vectors: tf.Tensor; mask: tf.Tensor} {
    const {frontEnd, backbone, outputLengths, masksBackbone = true} = this.parts;
    const {output, carried} = passThrough(frontEnd, features, options, run);
    const mask = frameMask(outputLengths(lengths.toFloat()), output.shape[1] as number);
    const inside = {...options, carried, attentionMask: masksBackbone ? mask : undefined};
    return {vectors: passThrough(backbone, output, inside, run).output, mask};
  }

  protected inputsOf(given: SpeechRecognizerTypes['inputs']): tf.Tensor[] {
    const utterances = given instanceof tf.Tensor ? {features: given} : given;
    if (!(given instanceof tf.Tensor))
      requireOptions(`${this.name}, utterances`, given ?? null, ['features', 'lengths']);
    const {features, lengths} = utterances;
    this.requireFeatures(features);
    const [batch, frames] = features.shape as number[];
    const {fewestFrames = 1} = this.parts;
    if (batch === 0 || frames < fewestFrames)
      throw new ShapeError(
        `${this.name}: features [${features.shape}] must be of one utterance at least, with ${fewestFrames} frames or more each`,
      );
    return [features, this.lengthsOf(lengths, batch, frames)];
  }

  /** Throws a ShapeError unless a tensor is of features, or samples, as the model takes them. */
  protected requireFeatures(features: tf.Tensor): void {
    requireTensors(this.name, {features});
    const {inputSize} = this.config;
    const [rank, shape] = inputSize === null ? [2, '[batch, samples]'] : [3, `[batch, frames, ${inputSize}]`];
    if (features.rank !== rank || (inputSize !== null && features.shape[2] !== inputSize))
      throw new ShapeError(`${this.name}: features [${features.shape}] must have the shape ${shape}`);
  }

  private lengthsOf(lengths: Utterances['lengths'], batch: number, frames: number): tf.Tensor {
    if (lengths === undefined) return tf.fill([batch], frames, 'int32');
    const {fewestFrames = 1} = this.parts;
    const list = lengths instanceof tf.Tensor ? null : listOfIds(lengths, `${this.name}: lengths`);
    if (lengths instanceof tf.Tensor) requireTensors(this.name, {lengths});
    const count = list ? list.length : (lengths as tf.Tensor).size;
    if (count !== batch)
      throw new ShapeError(`${this.name}: lengths are ${count}, but must be one for each of ${batch} rows`);
    const wrong = list
      ? Array.from(list).find((n) => !(Number.isInteger(n) && n >= fewestFrames && n <= frames))
      : undefined;
    if (wrong !== undefined)
      throw new DataError(
        `${this.name}: lengths must be whole numbers from ${fewestFrames} to the ${frames} frames there are, but one is ${wrong}`,
      );
    return list ? tf.tensor1d(Int32Array.from(list), 'int32') : (lengths as tf.Tensor).toInt().reshape([batch]);
  }

  protected targetsOf(targets: TokenInput): tf.Tensor2D {
    const {vocabSize} = this.config;
    this.requireHead();
    const labels = toTargetTensor(targets, `${this.name}: targets`, vocabSize as number);
    // Those in a tensor are not looked at, which would wait for the device.
    if (!(targets instanceof tf.Tensor)) for (const [row, ids] of rowsOf(targets).entries()) this.checkLabels(row, ids);
    return labels;
  }

  /** Throws a DataError where a row of targets has a blank, or -100 before a token. */
  private checkLabels(row: number, ids: ArrayLike<number>): void {
    const list = Array.from(ids);
    const {blank} = this.config;
    const refuse = (what: string) => {
      throw new DataError(`${this.name}: targets ${what}`);
    };
    if (list.includes(blank)) refuse(`must not hold the blank ${blank}, but row ${row} does; leave it out`);
    const end = list.indexOf(ignoredTarget);
    if (end >= 0 && list.slice(end).some((id) => id !== ignoredTarget))
      refuse(`must have ${ignoredTarget} behind a row's tokens alone, but row ${row} has it before one`);
  }

  private requireHead(): void {
    if (this.parts.head) return;
    throw new ConfigError(`${this.name}: vocabSize is null, so that there are vectors, but no logits; give it one`);
  }
}

/** The rows of targets in lists. */
const rowsOf = (targets: Exclude<TokenInput, tf.Tensor>): readonly ArrayLike<number>[] =>
  isList(targets[0]) ? (targets as readonly ArrayLike<number>[]) : [targets as ArrayLike<number>];

/** Applies the layers, for tfjs: features and lengths, and the logits. */
function connect(
  {inputSize}: SpeechRecognizerConfig,
  {frontEnd, backbone, head, outputLengths, masksBackbone = true}: SpeechRecognizerLayers,
  padding: PaddingAsBlank,
): ModelGraph {
  const features = tf.input({shape: inputSize === null ? [null] : [null, inputSize], name: 'features'});
  // tfjs makes a column of a list.
  const lengths = tf.input({shape: [1], dtype: 'int32', name: 'lengths'});
  const vectors = connectThrough(frontEnd, features);
  const mask = new FrameMask({name: 'frame_mask'}, outputLengths).apply([vectors, lengths]) as tf.SymbolicTensor;
  const maskOf = () => (masksBackbone ? mask : undefined);
  const encoded = connectThrough(backbone, vectors, {maskOf});
  const outputs = head ? connectThrough([head], encoded) : encoded;
  return {inputs: [features, lengths], outputs: head ? (padding.apply([outputs, mask]) as tf.SymbolicTensor) : outputs};
}
