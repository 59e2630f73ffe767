import * as tf from '@tensorflow/tfjs';
import {type Activation, activation} from './activations';
import {Dropout} from './dropout';
import {normal} from './initializers';
import {type ForwardOptions, firstShape, lastDimension, VariantLayer} from './layer';
import {Linear} from './linear';
import {type Pooling, pool} from './pooling';

/** Options of {@link ClassifierHead}. */
export interface ClassifierHeadConfig {
  /** Number of classes. */
  numLabels: number;
  /** How a sequence becomes one vector. Default 'first'. */
  pooling?: Pooling;
  /** A dense layer between the pooled vector and the classifier. Default true. */
  dense?: boolean;
  /** Of the dense layer. Default 'tanh'. */
  activation?: Activation;
  /** A bias on the classifier. Default true. */
  useBias?: boolean;
  /** Dropout on what the classifier reads. Default 0. */
  dropout?: number;
}

/**
 * [batch, time, hidden] to the logits of labels [batch, labels], BERT's by default:
 *
 *     tanh(pool(x) W_p + b_p) W_c + b_c
 *
 * Children `pooler` [hidden, hidden], if dense, and `classifier` [hidden, labels].
 */
export class ClassifierHead extends VariantLayer<ClassifierHeadConfig> {
  static readonly className: string = 'VariantsClassifierHead';
  private pooler?: Linear;
  private classifier!: Linear;
  private dropout!: Dropout;

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const {numLabels, dense = true, useBias, dropout = 0} = this.config;
    const rows = [null, hiddenSize];
    const linear = (units: number, bias?: boolean) => new Linear({units, useBias: bias}, {kernel: normal(0.02)});
    if (dense) this.pooler = this.child('pooler', linear(hiddenSize), rows);
    this.classifier = this.child('classifier', linear(numLabels, useBias), rows);
    this.dropout = this.child('dropout', new Dropout({rate: dropout}), rows);
  }

  forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.classifier.forward(this.dropout.forward(this.pooled(x, options), options));
  }

  /** What the classifier reads of each sequence [batch, time, hidden]: one vector, [batch, hidden]. */
  pooled(x: tf.Tensor, {attentionMask}: ForwardOptions): tf.Tensor2D {
    const {pooling = 'first', activation: name = 'tanh'} = this.config;
    const vector = pool(x, pooling, attentionMask);
    return (this.pooler ? activation(name)(this.pooler.forward(vector)) : vector) as tf.Tensor2D;
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    return [firstShape(inputShape)[0], this.config.numLabels];
  }
}
tf.serialization.registerClass(ClassifierHead);
