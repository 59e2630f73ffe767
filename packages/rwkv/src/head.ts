import * as tf from '@tensorflow/tfjs';
import {type ForwardOptions, lastDimension, VariantLayer} from '@variants/core';
import {wideningTurned} from './initializers';

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

/**
 * The logits themselves, with a gradient that also pulls the largest logit of each position to 0 (the authors' L2Wrap):
 * to that of the loss it adds `strength` / (batch · time) times the largest logit, at its place.
 *
 * @param logits [batch, time, vocabulary]
 */
export function withLogitPenalty(logits: tf.Tensor, strength: number): tf.Tensor {
  const penalized = tf.customGrad((x, save) => {
    (save as tf.GradSaveFunc)([x as tf.Tensor]);
    return {
      value: (x as tf.Tensor).clone(),
      gradFunc: (dy: tf.Tensor, [saved]: tf.Tensor[]) => dy.add(penaltyGradient(saved, strength)),
    };
  });
  return penalized(logits);
}

function penaltyGradient(logits: tf.Tensor, strength: number): tf.Tensor {
  const [batch, time, vocabulary] = logits.shape as number[];
  const place = tf.oneHot(logits.argMax(-1).toInt(), vocabulary);
  return place.mul(logits).mul(strength / (batch * time));
}
