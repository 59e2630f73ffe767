import * as tf from '@tensorflow/tfjs';
import {type CheckpointLayout, softmaxCrossEntropy, type TokenInput} from '@variants/core';
import {m2BertClassifierLayout} from '../checkpoints/m2-bert';
import {ClassifierHead} from './classifier-head';
import {type M2BertClassifierConfig, type M2BertClassifierOptions, resolveM2BertClassifierConfig} from './config';
import {type EncodeOptions, forwardOptions, M2BertEncoder} from './encoder';

/** M2-BERT with a head for labels of whole sequences. */
export class M2BertClassifier extends M2BertEncoder<M2BertClassifierConfig, ClassifierHead> {
  static override readonly className = 'M2BertClassifier';
  override layout: CheckpointLayout<M2BertClassifierConfig> = m2BertClassifierLayout;

  constructor(options: M2BertClassifierOptions) {
    const config = resolveM2BertClassifierConfig(options);
    const {numLabels, pooling} = config;
    super(config, () => new ClassifierHead({name: 'head', numLabels, pooling}), 'm2-bert-classifier');
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
