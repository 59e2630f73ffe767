import * as tf from '@tensorflow/tfjs';
import {type ForwardOptions, Linear, normal, VariantLayer} from '@variants/core';

/** How a sequence becomes one vector. */
export const poolings = ['first', 'mean', 'token'] as const;
/**
 * How a sequence becomes one vector: 'first', the first position through a dense layer with tanh; 'mean', so the mean of
 * all positions that are no padding; 'token', the first position as it is.
 */
export type Pooling = (typeof poolings)[number];

interface ClassifierHeadConfig {
  numLabels: number;
  pooling: Pooling;
}

/**
 * [batch, time, hidden] to the logits of labels [batch, labels]. Children `pooler` [hidden, hidden], which files have
 * whether it is used or not, and `classifier` [hidden, labels].
 */
export class ClassifierHead extends VariantLayer<ClassifierHeadConfig> {
  static readonly className = 'M2BertClassifierHead';
  private pooler!: Linear;
  private classifier!: Linear;

  override build(inputShape: tf.Shape): void {
    const rows = [null, inputShape[inputShape.length - 1]];
    const kernel = normal(0.02);
    this.pooler = this.child('pooler', new Linear({units: rows[1] as number}, {kernel}), rows);
    this.classifier = this.child('classifier', new Linear({units: this.config.numLabels}, {kernel}), rows);
  }

  forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.classifier.forward(this.pool(x, options));
  }

  /** One vector of each sequence, [batch, hidden]. */
  pool(x: tf.Tensor, {attentionMask}: ForwardOptions): tf.Tensor {
    const [batch, , hiddenSize] = x.shape as number[];
    const {pooling} = this.config;
    if (pooling === 'mean') return this.pooler.forward(meanOf(x, attentionMask)).tanh();
    const first = x.slice([0, 0, 0], [batch, 1, hiddenSize]).reshape([batch, hiddenSize]);
    return pooling === 'token' ? first : this.pooler.forward(first).tanh();
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return [inputShape[0], this.config.numLabels];
  }
}
tf.serialization.registerClass(ClassifierHead);

/** The mean over the positions [batch, time, hidden] that are no padding. */
function meanOf(x: tf.Tensor, attentionMask: tf.Tensor | undefined): tf.Tensor {
  if (!attentionMask) return x.mean(1);
  const counts = attentionMask.toFloat().expandDims(-1);
  return x.mul(counts).sum(1).div(counts.sum(1));
}
