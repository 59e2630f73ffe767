import * as tf from '@tensorflow/tfjs';
import {
  type CheckpointLayout,
  ClassifierHead,
  ConfigError,
  Dropout,
  type EncodeOptions,
  type ForwardOptions,
  firstShape,
  pool,
  SequenceClassifier,
  type TokenInput,
  VariantLayer,
} from '@variants/core';
import {classifierLayout} from './checkpoints/layouts';
import {
  type LinformerClassifierConfig,
  type LinformerClassifierOptions,
  resolveLinformerClassifierConfig,
} from './config';
import {embeddingsOf, encoderLayers, tokenHeadLayers} from './stages';

/** The options of {@link LinformerLabels}. */
type LabelsConfig = Pick<LinformerClassifierConfig, 'numLabels' | 'poolerActivation' | 'poolerDropout'>;

/**
 * fairseq's head for labels of whole sequences, [batch, time, hidden] to logits [batch, labels] of the first position:
 *
 *     dropout(tanh(dropout(x_0) W_p + b_p)) W_c + b_c
 *
 * Children `labels` (see `ClassifierHead`) and, where they are kept, the layers of the head for tokens.
 */
class LinformerLabels extends VariantLayer<LabelsConfig> {
  static readonly className = 'LinformerLabels';
  private labels!: ClassifierHead;
  private dropout!: Dropout;
  private readonly tokens: VariantLayer[];

  constructor({tokens = [], ...config}: LabelsConfig & {name: string; tokens?: VariantLayer[]}) {
    super(config);
    this.tokens = tokens;
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const shape = firstShape(inputShape);
    const {numLabels, poolerActivation: activation, poolerDropout: dropout} = this.config;
    this.labels = this.child('labels', new ClassifierHead({numLabels, activation, dropout}), shape);
    this.dropout = this.child('dropout', new Dropout({rate: dropout}), shape);
    let before = shape;
    for (const layer of this.tokens) {
      this.child(layer.name, layer, before);
      before = layer.computeOutputShape(before) as tf.Shape;
    }
  }

  forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    const first = this.dropout.forward(pool(x, 'first'), options);
    return this.labels.forward(first.expandDims(1), options);
  }

  /** The logits of tokens, [batch, time, vocabulary]. */
  tokenLogits(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.tokens.reduce((h, layer) => layer.forward(h, options), x);
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    return [firstShape(inputShape)[0], this.config.numLabels];
  }
}
tf.serialization.registerClass(LinformerLabels as unknown as tf.serialization.SerializableConstructor<LinformerLabels>);

/** Linformer with a head for labels of whole sequences: two dense layers on the first position. */
export class LinformerClassifier extends SequenceClassifier<LinformerClassifierConfig, LinformerLabels> {
  static override readonly className = 'LinformerClassifier';
  override layout: CheckpointLayout<LinformerClassifierConfig> = classifierLayout;

  constructor(options: LinformerClassifierOptions) {
    const config = resolveLinformerClassifierConfig(options);
    const {numLabels, poolerActivation, poolerDropout, padToken, masksPadding: masksBackbone} = config;
    const embeddings = embeddingsOf(config);
    const tokens = config.tokenHead ? tokenHeadLayers(config, embeddings) : [];
    const head = new LinformerLabels({name: 'head', numLabels, poolerActivation, poolerDropout, tokens});
    const backbone = [embeddings, ...encoderLayers(config)];
    super(config, {backbone, head, padToken, masksBackbone}, {name: 'linformer-classifier'});
  }

  /**
   * The logits of the head for tokens that the authors' files have beside, [batch, time, vocabulary]. The caller disposes
   * them.
   * @throws ConfigError where the configuration's tokenHead is false.
   */
  tokenLogits(tokens: TokenInput, options: EncodeOptions = {}): tf.Tensor3D {
    if (!this.config.tokenHead)
      throw new ConfigError(`${this.name}: tokenHead is false, so that there are no logits of tokens; make it true`);
    this.requireWeights();
    return tf.tidy(() => {
      const {vectors, told} = this.read(this.inputsOf(tokens), this.runOptions(options));
      return this.parts.head.tokenLogits(vectors, told) as tf.Tensor3D;
    });
  }
}
tf.serialization.registerClass(LinformerClassifier);

/**
 * A Linformer with fresh weights and a head for labels of whole sequences.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function linformerClassifier(config: LinformerClassifierOptions): LinformerClassifier {
  return new LinformerClassifier(config);
}
