import * as tf from '@tensorflow/tfjs';
import {type CheckpointLayout, fields, resolveFields, softmaxCrossEntropy, type TokenInput} from '@variants/core';
import {m2BertClassifierLayout} from '../checkpoints/m2-bert';
import {ClassifierHead, type Pooling, poolings} from './classifier-head';
import {assertM2Bert, type M2BertConfig, m2BertFields} from './config';
import {type EncodeOptions, forwardOptions, M2BertEncoder} from './encoder';

/** The configuration of an M2-BERT that classifies sequences, or embeds them. */
export interface M2BertClassifierConfig extends M2BertConfig {
  /** Number of different labels. Default 2. */
  numLabels: number;
  /**
   * How a sequence becomes one vector: 'first', the first position through a dense layer with tanh; 'mean', so the mean of
   * all that is no padding; 'token', the first position as it is. Default 'first'.
   */
  pooling: Pooling;
  /** Embeddings of sentences have length 1. Default false. */
  normalizedEmbeddings: boolean;
}

/** What {@link m2BertClassifier} takes: everything has a default. */
export type M2BertClassifierOptions = Partial<M2BertClassifierConfig>;

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveClassifier(options: M2BertClassifierOptions): M2BertClassifierConfig {
  const rules = {
    ...m2BertFields(options),
    numLabels: fields.count(2),
    pooling: fields.choice(poolings, 'first'),
    normalizedEmbeddings: fields.flag(false),
  };
  const config = resolveFields<M2BertClassifierConfig>('m2BertClassifier', rules, options);
  assertM2Bert(config, 'm2BertClassifier');
  return config;
}

/** M2-BERT with a head for labels of whole sequences. */
export class M2BertClassifier extends M2BertEncoder<M2BertClassifierConfig, ClassifierHead> {
  static override readonly className = 'M2BertClassifier';
  override layout: CheckpointLayout<M2BertClassifierConfig> = m2BertClassifierLayout;

  constructor(options: M2BertClassifierOptions) {
    const config = resolveClassifier(options);
    const {numLabels, pooling} = config;
    super(config, () => new ClassifierHead({name: 'head', numLabels, pooling}), 'm2_bert_classifier');
  }

  /** Logits [batch, labels] of every sequence. The caller disposes them. */
  logits(tokens: TokenInput, options: EncodeOptions = {}): tf.Tensor2D {
    return this.headOf(tokens, options) as tf.Tensor2D;
  }

  /** One vector of each sequence, as the classifier reads it: [batch, hidden]. The caller disposes it. */
  pooled(tokens: TokenInput, options: EncodeOptions = {}): tf.Tensor2D {
    return tf.tidy(() => this.head.pool(this.encode(tokens, options), forwardOptions(options)) as tf.Tensor2D);
  }

  /**
   * An embedding of each sequence for retrieval, [batch, hidden], of length 1 where the configuration says so. The caller
   * disposes it. Padding is mixed as tokens are: models that were trained on sequences filled up to maxSequenceLength need
   * those.
   */
  sentenceEmbeddings(tokens: TokenInput, options: EncodeOptions = {}): tf.Tensor2D {
    return tf.tidy(() => {
      const pooled = this.pooled(tokens, options);
      return this.config.normalizedEmbeddings ? pooled.div(pooled.norm('euclidean', 1, true)) : pooled;
    });
  }

  /**
   * Mean cross entropy in nats.
   * @param labels [batch]
   */
  override loss = (tokens: TokenInput, labels: tf.Tensor | number[], options: EncodeOptions = {}): tf.Scalar =>
    tf.tidy(() => {
      const wanted = labels instanceof tf.Tensor ? labels.toInt() : tf.tensor1d(labels, 'int32');
      return softmaxCrossEntropy(this.logits(tokens, options), wanted);
    });

  // tfjs has made labels [batch, 1].
  protected override counted(labels: tf.Tensor): tf.Tensor {
    return labels.reshape([-1]);
  }
}
tf.serialization.registerClass(M2BertClassifier);

/**
 * An M2-BERT with fresh weights and a head for labels of whole sequences.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function m2BertClassifier(config: M2BertClassifierOptions): M2BertClassifier {
  return new M2BertClassifier(config);
}
