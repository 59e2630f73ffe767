import * as tf from '@tensorflow/tfjs';
import {Dropout, type ForwardOptions, firstShape, Linear, lastDimension, normal, VariantLayer} from '@variants/core';

/** Options of {@link ReformerClassifierHead}. */
export interface ReformerClassifierHeadConfig {
  /** Number of classes. */
  numLabels: number;
  /** Width of the layer between. */
  hiddenSize: number;
  /** Dropout before both layers. Default 0. */
  dropout?: number;
}

/**
 * Both streams of the first position [batch, time, 2 hidden] to the logits of labels [batch, labels]:
 *
 *     tanh(x_1 W_d + b_d) W_o + b_o
 *
 * Children `dense` [2 hidden, hidden], `output` [hidden, labels].
 */
export class ReformerClassifierHead extends VariantLayer<ReformerClassifierHeadConfig> {
  static readonly className = 'ReformerClassifierHead';
  private dense!: Linear;
  private outputProjection!: Linear;
  private dropout!: Dropout;

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const {numLabels, hiddenSize, dropout = 0} = this.config;
    const linear = (units: number) => new Linear({units}, {kernel: normal(0.02)});
    this.dense = this.child('dense', linear(hiddenSize), [null, lastDimension(inputShape, this.path)]);
    this.outputProjection = this.child('output', linear(numLabels), [null, hiddenSize]);
    this.dropout = this.child('dropout', new Dropout({rate: dropout}), [null, hiddenSize]);
  }

  forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    const [batch, , width] = x.shape as number[];
    const first = x.slice([0, 0, 0], [batch, 1, width]).reshape([batch, width]);
    const drop = (h: tf.Tensor) => this.dropout.forward(h, options);
    return this.outputProjection.forward(drop(this.dense.forward(drop(first)).tanh()));
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    return [firstShape(inputShape)[0], this.config.numLabels];
  }
}
tf.serialization.registerClass(ReformerClassifierHead);
