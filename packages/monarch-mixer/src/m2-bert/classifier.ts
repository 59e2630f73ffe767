import * as tf from '@tensorflow/tfjs';
import {
  type CheckpointLayout,
  ClassifierHead,
  type ClassifierHeadConfig,
  type EncodeOptions,
  type ForwardOptions,
  type LayerOptions,
  pool,
  SequenceClassifier,
  type TokenInput,
} from '@variants/core';
import {m2BertClassifierLayout} from '../checkpoints/m2-bert';
import {backbone} from './backbone';
import {type M2BertClassifierConfig, type M2BertClassifierOptions, resolveM2BertClassifierConfig} from './config';

/** BERT's head, whose dense layer files have whether it is used or not. */
class M2BertHead extends ClassifierHead {
  static override readonly className: string = 'M2BertHead';

  constructor(
    config: ClassifierHeadConfig & LayerOptions,
    private readonly usesPooler: boolean,
  ) {
    super(config);
  }

  override pooled(x: tf.Tensor, options: ForwardOptions): tf.Tensor2D {
    return this.usesPooler ? super.pooled(x, options) : pool(x, 'first');
  }
}

/** M2-BERT with a head for labels of whole sequences. Padding is mixed as tokens are; 'mean' pooling leaves it out. */
export class M2BertClassifier extends SequenceClassifier<M2BertClassifierConfig, ClassifierHead> {
  static override readonly className = 'M2BertClassifier';
  override layout: CheckpointLayout<M2BertClassifierConfig> = m2BertClassifierLayout;

  constructor(options: M2BertClassifierOptions) {
    const config = resolveM2BertClassifierConfig(options);
    const {numLabels, pooling} = config;
    const settings = {name: 'head', numLabels, pooling: pooling === 'mean' ? pooling : 'first'} as const;
    const head = new M2BertHead(settings, pooling !== 'token');
    super(config, {backbone: backbone(config), head}, {name: 'm2-bert-classifier'});
  }

  /** One vector of each sequence, as the classifier reads it: [batch, hidden]. The caller disposes it. */
  pooled(tokens: TokenInput, options: EncodeOptions = {}): tf.Tensor2D {
    return tf.tidy(() => {
      const {vectors, told} = this.read(this.inputsOf(tokens), this.runOptions(options));
      return this.parts.head.pooled(vectors, told);
    });
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
}
tf.serialization.registerClass(M2BertClassifier);

/**
 * An M2-BERT with fresh weights and a head for labels of whole sequences.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function m2BertClassifier(config: M2BertClassifierOptions): M2BertClassifier {
  return new M2BertClassifier(config);
}
