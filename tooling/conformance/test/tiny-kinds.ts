import * as tf from '@tensorflow/tfjs';
import {
  type CheckpointLayout,
  ClassifierHead,
  DecoderLayer,
  type ForwardOptions,
  fields,
  ImageClassifier,
  type ImageClassifierConfig,
  Linear,
  lastDimension,
  MaskedHead,
  MaskedLanguageModel,
  normal,
  resolveFields,
  SequenceClassifier,
  type SequenceClassifierConfig,
  SequenceToSequence,
  type SequenceToSequenceConfig,
  SinusoidalPositions,
  SpeechRecognizer,
  type SpeechRecognizerConfig,
  type StateTree,
  type StreamStep,
  TokenEmbedding,
  VariantLayer,
} from '@variants/core';

const hiddenSize = 12;
const weightsOf = (x: tf.Tensor, mask?: tf.Tensor) => (mask ?? tf.ones(x.shape.slice(0, 2))).expandDims(2);

/** y_t = tanh(x_t + W (x_t + mean(x))), padding left out: the smallest layer that sees everything. */
export class MeanMixer extends VariantLayer {
  static readonly className: string = 'ConformanceMeanMixer';
  private projection!: Linear;

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const units = lastDimension(inputShape, this.path);
    this.projection = this.child('projection', new Linear({units}, {kernel: normal(0.3)}), [null, null, units]);
  }

  forward(x: tf.Tensor, {attentionMask}: ForwardOptions): tf.Tensor {
    const weights = weightsOf(x, attentionMask);
    const mean = x.mul(weights).sum(1, true).div(weights.sum(1, true));
    return x.add(this.projection.forward(x.add(mean))).tanh();
  }
}
tf.serialization.registerClass(MeanMixer);

type DecoderState = {memory: tf.Tensor; sum: tf.Tensor | null};

/** y_t = tanh(x_t + W (x_0 + ... + x_t) + V mean(memory)), padding left out. */
export class SumDecoder extends DecoderLayer {
  static readonly className: string = 'ConformanceSumDecoder';
  private own!: Linear;
  private cross!: Linear;

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const units = lastDimension(inputShape, this.path);
    this.own = this.child('own', new Linear({units}, {kernel: normal(0.3)}), [null, null, units]);
    this.cross = this.child('cross', new Linear({units}), [null, null, units]);
  }

  begin(memory: tf.Tensor): StateTree {
    return {memory: this.cross.forward(memory), sum: null};
  }

  advance(x: tf.Tensor, state: StateTree, {attentionMask, carried}: ForwardOptions): StreamStep {
    const {memory, sum: before} = state as DecoderState;
    const [batch, time] = x.shape as number[];
    // A product with a triangle of ones, because tfjs's gradient of a sum along the second of three axes fails.
    const earlier = tf.linalg.bandPart(tf.ones([batch, time, time]), -1, 0);
    const fresh = tf.matMul(earlier, x.mul(weightsOf(x, attentionMask)));
    const sums = before ? fresh.add(before) : fresh;
    const weights = weightsOf(memory, carried?.memoryMask);
    const seen = memory.mul(weights).sum(1, true).div(weights.sum(1, true));
    const next = {memory, sum: sums.slice([0, time - 1], [-1, 1])};
    return {output: x.add(this.own.forward(sums)).add(seen).tanh(), state: next};
  }
}
tf.serialization.registerClass(SumDecoder);

/** [batch, height, width, channels] as [batch, pixels, hidden]. */
class Pixels extends VariantLayer {
  static readonly className = 'ConformancePixels';
  private projection!: Linear;

  override build(inputShape: tf.Shape): void {
    const channels = lastDimension(inputShape, this.path);
    this.projection = this.child('projection', new Linear({units: hiddenSize}), [null, null, channels]);
  }

  forward(x: tf.Tensor): tf.Tensor {
    const [batch, height, width, channels] = x.shape as number[];
    return this.projection.forward(x.reshape([batch, height * width, channels]));
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return [inputShape[0], null, hiddenSize];
  }
}
tf.serialization.registerClass(Pixels);

const layout = {name: 'tiny'} as CheckpointLayout<never>;
const seed = fields.count(0, 0);
const embed = (name: string, vocabSize: number) => new TokenEmbedding({name, vocabSize, hiddenSize}, normal(1));
const positions = (name: string) => new SinusoidalPositions({name});

/** What models are made of; broken ones replace parts. */
export interface KindParts {
  mixer?: () => VariantLayer;
  decoder?: () => DecoderLayer;
}
const makeMixer = ({mixer}: KindParts, name: string) => Object.assign(mixer?.() ?? new MeanMixer({}), {name});

export class TinyMasked extends MaskedLanguageModel {
  static override readonly className = 'ConformanceTinyMasked';
  override layout = layout;

  constructor(given: object, parts: KindParts = {}) {
    const config = resolveFields('tiny', {vocabSize: fields.count(9), padToken: fields.count(0, 0), seed}, given);
    const {vocabSize, padToken} = config;
    const embedding = embed('embedding', vocabSize);
    const backbone = [embedding, positions('positions'), makeMixer(parts, 'mixer')];
    super(config, {backbone, head: new MaskedHead(() => embedding, {name: 'head'}), padToken}, {name: 'tiny-masked'});
  }
}
tf.serialization.registerClass(TinyMasked);

export class TinyClassifier extends SequenceClassifier<SequenceClassifierConfig & {padToken: number}> {
  static override readonly className = 'ConformanceTinyClassifier';
  override layout = layout;

  constructor(given: object, parts: KindParts = {}) {
    const rules = {vocabSize: fields.count(9), numLabels: fields.count(3), padToken: fields.count(0, 0), seed};
    const config = resolveFields('tiny', rules, given);
    const {vocabSize, numLabels, padToken} = config;
    const backbone = [embed('embedding', vocabSize), positions('positions'), makeMixer(parts, 'mixer')];
    const head = new ClassifierHead({name: 'head', numLabels, pooling: 'mean'});
    super(config, {backbone, head, padToken}, {name: 'tiny-classifier'});
  }
}
tf.serialization.registerClass(TinyClassifier);

export class TinyImages extends ImageClassifier<ImageClassifierConfig> {
  static override readonly className = 'ConformanceTinyImages';
  override layout = layout;

  constructor(given: object) {
    const rules = {numClasses: fields.count(3), imageChannels: fields.count(2), seed};
    const config = resolveFields('tiny', rules, given);
    const head = new ClassifierHead({name: 'head', numLabels: config.numClasses, pooling: 'mean'});
    super(config, [new Pixels({name: 'pixels'}), new MeanMixer({name: 'mixer'}), head], {name: 'tiny-images'});
  }
}
tf.serialization.registerClass(TinyImages);

export class TinyPairs extends SequenceToSequence<SequenceToSequenceConfig> {
  static override readonly className = 'ConformanceTinyPairs';
  override layout = layout;

  constructor(given: object, parts: KindParts = {}) {
    const rules = {
      sourceVocabSize: fields.count(8),
      targetVocabSize: fields.count(7),
      padToken: fields.count(0, 0),
      labelSmoothing: fields.rate(0),
      seed,
    };
    const config = resolveFields('tiny', rules, given);
    const {sourceVocabSize, targetVocabSize} = config;
    const decoder = Object.assign(parts.decoder?.() ?? new SumDecoder({}), {name: 'decoder'});
    const layers = {
      encoder: [embed('source_embedding', sourceVocabSize), positions('source_positions'), makeMixer(parts, 'encoder')],
      decoder: [embed('target_embedding', targetVocabSize), positions('target_positions'), decoder],
      head: new Linear({name: 'head', units: targetVocabSize}),
    };
    super(config, layers, {name: 'tiny-pairs'});
  }
}
tf.serialization.registerClass(TinyPairs);

export class TinyRecognizer extends SpeechRecognizer<SpeechRecognizerConfig & {vocabSize: number; inputSize: number}> {
  static override readonly className = 'ConformanceTinyRecognizer';
  override layout = layout;

  constructor(given: object, parts: KindParts = {}) {
    const rules = {vocabSize: fields.count(5), blank: fields.count(0, 0), inputSize: fields.count(3), seed};
    const config = resolveFields('tiny', rules, given);
    const layers = {
      frontEnd: [new Linear({name: 'projection', units: hiddenSize})],
      backbone: [positions('positions'), makeMixer(parts, 'mixer')],
      head: new Linear({name: 'head', units: config.vocabSize}),
      outputLengths: (lengths: tf.Tensor) => lengths,
    };
    super(config, layers, {name: 'tiny-recognizer'});
  }
}
tf.serialization.registerClass(TinyRecognizer);
