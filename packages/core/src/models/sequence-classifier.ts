import * as tf from '@tensorflow/tfjs';
import type {CheckpointLayout} from '../checkpoints/layout';
import {softmaxCrossEntropy} from '../kernels/softmax-cross-entropy';
import {withInitialization} from '../layers/initializers';
import {type ForwardOptions, inference, type VariantLayer} from '../layers/layer';
import {PaddingMask, paddingMask} from '../layers/padding-mask';
import {compileForIntegers, type IntegerCompileArgs} from './integer-targets';
import {type TokenInput, toTokenTensor} from './token-input';

/** The fields that every classifier's configuration has. */
export interface SequenceClassifierConfig {
  /** Number of different tokens. */
  vocabSize: number;
  /** Number of classes. */
  numLabels: number;
  /** The id that fills up shorter rows, which the head is told of; null where there is none. */
  padToken: number | null;
  /** Seed of the first weights. */
  seed: number;
}

/** The layers of a {@link SequenceClassifier}. */
export interface SequenceClassifierLayers {
  /** From token ids [batch, time] to vectors [batch, time, hidden], one after the other. Padding is a token to them. */
  backbone: VariantLayer[];
  /** From vectors, and the attention mask [batch, time] where there is a token for padding, to logits [batch, labels]. */
  head: VariantLayer;
}

/**
 * A classifier of sequences: token ids [batch, time] to logits [batch, labels].
 *
 * It is a `tf.LayersModel`: `compile`, `fit`, `summary`, `save` and `tf.loadLayersModel` work, with integer labels [batch].
 */
export abstract class SequenceClassifier<
  Config extends SequenceClassifierConfig = SequenceClassifierConfig,
> extends tf.LayersModel {
  readonly config: Config;
  /** How `saveCheckpoint` names and shapes the weights: as the authors do. */
  abstract layout: CheckpointLayout<Config>;
  private readonly stages: SequenceClassifierLayers;

  /** @param config Complete: every field has its value. Its seed draws the weights, which the layers make here. */
  constructor(config: Config, layers: SequenceClassifierLayers, name: string) {
    super({...withInitialization({seed: config.seed}, () => connect(config.padToken, layers)), name});
    this.config = config;
    this.stages = layers;
  }

  /** Logits [batch, labels]. The caller disposes them. */
  logits(tokens: TokenInput, options: Partial<ForwardOptions> = {}): tf.Tensor2D {
    return tf.tidy(() => this.forward(this.tokenTensor(tokens), {...inference, ...options}) as tf.Tensor2D);
  }

  /** The model's function of token ids [batch, time] int32. */
  forward(tokens: tf.Tensor, options: ForwardOptions): tf.Tensor {
    const {padToken} = this.config;
    const {backbone, head} = this.stages;
    const attentionMask = padToken === null ? undefined : paddingMask(tokens, padToken);
    const vectors = backbone.reduce((x, layer) => layer.forward(x, options), tokens);
    return head.forward(vectors, {...options, attentionMask});
  }

  /** Mean cross entropy in nats of the label of each row, labels [batch], leaving out -100. */
  override loss = (tokens: TokenInput, labels: tf.Tensor | readonly number[]): tf.Scalar =>
    tf.tidy(() => {
      const wanted = labels instanceof tf.Tensor ? labels.toInt() : tf.tensor1d([...labels], 'int32');
      return softmaxCrossEntropy(this.logits(tokens), wanted);
    });

  /**
   * As in tfjs, with integer labels [batch]: the loss is the model's own cross entropy unless a function is given, and the
   * metrics 'acc' and 'accuracy' count the right labels.
   */
  override compile(args: IntegerCompileArgs): void {
    // tfjs has made them [batch, 1].
    const counted = (labels: tf.Tensor) => labels.reshape([-1]);
    compileForIntegers(this, args, (complete) => super.compile(complete), {counted});
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

  private tokenTensor(tokens: TokenInput): tf.Tensor2D {
    return toTokenTensor(tokens, `${this.name}: tokens`, this.config.vocabSize);
  }
}

function connect(
  padToken: number | null,
  {backbone, head}: SequenceClassifierLayers,
): {inputs: tf.SymbolicTensor; outputs: tf.SymbolicTensor} {
  const inputs = tf.input({shape: [null], dtype: 'int32', name: 'tokens'});
  const vectors = backbone.reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, inputs);
  if (padToken === null) return {inputs, outputs: head.apply(vectors) as tf.SymbolicTensor};
  const mask = new PaddingMask({padToken, name: 'attention_mask'}).apply(inputs) as tf.SymbolicTensor;
  return {inputs, outputs: head.apply([vectors, mask]) as tf.SymbolicTensor};
}
