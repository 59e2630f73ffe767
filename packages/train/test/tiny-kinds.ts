import * as tf from '@tensorflow/tfjs';
import {
  type CheckpointLayout,
  ClassifierHead,
  type ForwardOptions,
  ImageClassifier,
  type ImageClassifierConfig,
  Linear,
  lastDimension,
  MaskedHead,
  MaskedLanguageModel,
  normal,
  type Score,
  SequenceClassifier,
  type SequenceClassifierConfig,
  SequenceToSequence,
  TokenEmbedding,
  VariantLayer,
  VariantModel,
} from '@variants/core';

/** y_t = tanh(x_t + W (x_t + mean of x)), or of the memory where there is one, without padding that is known. */
class Meeting extends VariantLayer<{memory?: boolean}> {
  static readonly className = 'TrainTestMeeting';
  private projection!: Linear;

  override get takes(): readonly string[] {
    return this.config.memory ? ['memory', 'memoryMask'] : [];
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const units = lastDimension(inputShape, this.path);
    this.projection = this.child('projection', new Linear({units}), [null, null, units]);
  }

  forward(x: tf.Tensor, {carried, attentionMask}: ForwardOptions): tf.Tensor {
    const seen = this.config.memory ? (carried?.memory as tf.Tensor) : x;
    const mask = this.config.memory ? carried?.memoryMask : attentionMask;
    const weights = (mask ?? tf.ones(seen.shape.slice(0, 2))).expandDims(2);
    const mean = seen.mul(weights).sum(1, true).div(weights.sum(1, true));
    return x.add(this.projection.forward(x.add(mean))).tanh();
  }
}
tf.serialization.registerClass(Meeting);

/** [batch, height, width, channels] as [batch, pixels, channels], projected. */
class Pixels extends VariantLayer<{units: number}> {
  static readonly className = 'TrainTestPixels';
  private projection!: Linear;

  override build(inputShape: tf.Shape): void {
    const {units} = this.config;
    this.projection = this.child('projection', new Linear({units}), [null, null, lastDimension(inputShape, this.path)]);
  }

  forward(x: tf.Tensor): tf.Tensor {
    const [batch, height, width, channels] = x.shape;
    return this.projection.forward(x.reshape([batch, (height as number) * (width as number), channels as number]));
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return [inputShape[0], null, this.config.units];
  }
}
tf.serialization.registerClass(Pixels);

const hiddenSize = 8;
const layout = {name: 'tiny'} as CheckpointLayout<never>;
const embed = (name: string, vocabSize: number) => new TokenEmbedding({name, vocabSize, hiddenSize}, normal(1));

export class TinyMasked extends MaskedLanguageModel {
  static override readonly className = 'TrainTestMasked';
  override layout = layout;

  constructor({vocabSize = 7, seed = 0} = {}) {
    const embedding = embed('embedding', vocabSize);
    const backbone = [embedding, new Meeting({name: 'block'})];
    super({vocabSize, seed}, {backbone, head: new MaskedHead(() => embedding, {name: 'head'})}, {name: 'tiny-masked'});
  }
}
tf.serialization.registerClass(TinyMasked);

export class TinyClassifier extends SequenceClassifier<SequenceClassifierConfig & {padToken: number}> {
  static override readonly className = 'TrainTestClassifier';
  override layout = layout;

  constructor({vocabSize = 7, numLabels = 3, padToken = 0, seed = 0} = {}) {
    const backbone = [embed('embedding', vocabSize), new Meeting({name: 'block'})];
    const head = new ClassifierHead({name: 'head', numLabels, pooling: 'mean', dense: false});
    const config = {vocabSize, numLabels, padToken, seed};
    super(config, {backbone, head, padToken, masksBackbone: false}, {name: 'tiny-classifier'});
  }
}
tf.serialization.registerClass(TinyClassifier);

export class TinyImages extends ImageClassifier<ImageClassifierConfig> {
  static override readonly className = 'TrainTestImages';
  override layout = layout;

  constructor({numClasses = 3, imageChannels = 1, seed = 0} = {}) {
    const head = new ClassifierHead({name: 'head', numLabels: numClasses, pooling: 'mean', dense: false});
    const stages = [new Pixels({name: 'pixels', units: hiddenSize}), new Meeting({name: 'block'}), head];
    super({numClasses, imageChannels, seed}, stages, {name: 'tiny-images'});
  }
}
tf.serialization.registerClass(TinyImages);

export class TinyPairs extends SequenceToSequence {
  static override readonly className = 'TrainTestPairs';
  override layout = layout;

  constructor({sourceVocabSize = 7, targetVocabSize = 7, padToken = 0, labelSmoothing = 0, seed = 0} = {}) {
    const layers = {
      encoder: [embed('source_embedding', sourceVocabSize), new Meeting({name: 'encoder'})],
      decoder: [embed('target_embedding', targetVocabSize), new Meeting({name: 'decoder', memory: true})],
      head: new Linear({name: 'head', units: targetVocabSize}),
    };
    super({sourceVocabSize, targetVocabSize, padToken, labelSmoothing, seed}, layers, {name: 'tiny-pairs'});
  }
}
tf.serialization.registerClass(TinyPairs);

/**
 * What training must know of a recognizer: several inputs, features [batch, frames, 2] and lengths [batch], and a loss, a
 * count and a score of its own. Here the loss is the squared distance of an utterance's sum to its labels' mean.
 */
export class TinyRecognizer extends VariantModel {
  static override readonly className = 'TrainTestRecognizer';
  readonly kind = 'speech-recognizer';
  override layout = layout;
  private readonly projection: Linear;

  constructor({seed = 0} = {}) {
    const projection = new Linear({name: 'projection', units: 1});
    super({seed}, {name: 'tiny-recognizer'}, () => {
      const frames = tf.input({shape: [null, 2], name: 'frames'});
      const lengths = tf.input({shape: [], dtype: 'int32', name: 'lengths'});
      return {inputs: [frames, lengths], outputs: projection.apply(frames) as tf.SymbolicTensor};
    });
    this.projection = projection;
  }

  forward(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const [frames, lengths] = inputs as tf.Tensor[];
    return this.projection.forward(frames).squeeze([2]).sum(1).div(lengths.toFloat());
  }

  protected inputsOf(inputs: never): tf.Tensor {
    return inputs;
  }

  protected targetsOf(targets: never): tf.Tensor {
    return targets;
  }

  override criterion(outputs: tf.Tensor, targets: tf.Tensor): tf.Scalar {
    return outputs.sub(targets.toFloat().mean(1)).square().mean();
  }

  override countTargets(targets: tf.Tensor): tf.Scalar {
    return tf.scalar(targets.shape[0], 'int32');
  }

  override score(_: tf.Tensor, targets: tf.Tensor): Promise<Score> {
    return Promise.resolve({sum: targets.shape[0], count: targets.size});
  }
}
tf.serialization.registerClass(TinyRecognizer);
