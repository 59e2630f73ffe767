import type * as tf from '@tensorflow/tfjs';
import type {VariantLayer} from '../layers/layer';
import {Encoder, type EncoderConfig, type EncoderTypes} from './encoder';
import {toLabelTensor} from './token-input';

/** The fields that every classifier's configuration has. */
export interface SequenceClassifierConfig extends EncoderConfig {
  /** Number of classes. */
  numLabels: number;
}

/** What a classifier of sequences takes and gives. */
export interface SequenceClassifierTypes extends EncoderTypes {
  /** The label of each row, [batch]; -100 where it does not count. */
  targets: tf.Tensor | ArrayLike<number>;
  /** [batch, labels] */
  outputs: tf.Tensor2D;
}

/** An encoder with logits [batch, labels] of whole sequences. `loss(tokens, labels)` is that of the label of each row. */
export abstract class SequenceClassifier<
  Config extends SequenceClassifierConfig = SequenceClassifierConfig,
  Head extends VariantLayer = VariantLayer,
> extends Encoder<Config, SequenceClassifierTypes, Head> {
  readonly kind = 'sequence-classifier';

  protected targetsOf(labels: tf.Tensor | ArrayLike<number>): tf.Tensor1D {
    return toLabelTensor(labels, `${this.name}: labels`, this.config.numLabels);
  }

  // `fit` has made labels [batch, 1].
  override counted(labels: tf.Tensor): tf.Tensor {
    return labels.reshape([-1]);
  }
}
