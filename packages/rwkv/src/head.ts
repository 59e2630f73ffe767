import * as tf from '@tensorflow/tfjs';
import {type ForwardOptions, lastDimension, VariantLayer} from '@variants/core';
import {wideningTurned} from './initializers';
import {withLogitPenalty} from './logit-penalty';

/** Options of {@link RwkvHead}. */
export interface RwkvHeadConfig {
  vocabSize: number;
  /** Of {@link withLogitPenalty}, in training. Default 0. */
  logitPenalty?: number;
}

/**
 * Vectors [batch, time, hidden] to logits [batch, time, vocabulary]. Weight `table` [vocabulary, hidden], which one token reads
 * row by row, and which is loaded and saved as it is.
 */
export class RwkvHead extends VariantLayer<RwkvHeadConfig> {
  static readonly className = 'RwkvHead';
  private table!: tf.LayerVariable;

  override build(inputShape: tf.Shape): void {
    const shape = [this.config.vocabSize, lastDimension(inputShape, this.path)];
    this.table = this.weight('table', shape, wideningTurned(0.5));
  }

  forward(x: tf.Tensor, {training}: ForwardOptions): tf.Tensor {
    const {vocabSize, logitPenalty = 0} = this.config;
    const rows = x.reshape([-1, x.shape[x.rank - 1] as number]);
    const logits = tf.matMul(rows, this.table.read(), false, true).reshape([...x.shape.slice(0, -1), vocabSize]);
    return training && logitPenalty > 0 ? withLogitPenalty(logits, logitPenalty) : logits;
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return [...inputShape.slice(0, -1), this.config.vocabSize];
  }
}
tf.serialization.registerClass(RwkvHead);
