import * as tf from '@tensorflow/tfjs';
import {type ForwardOptions, type LayerOptions, Linear, VariantLayer} from '@variants/core';
import {widening} from './initializers';
import {withLogitPenalty} from './logit-penalty';

/** Options of {@link RwkvHead}. */
export interface RwkvHeadConfig {
  vocabSize: number;
  /** Of {@link withLogitPenalty}, in training. Default 0. */
  logitPenalty?: number;
}

/** Vectors [batch, time, hidden] to logits [batch, time, vocabulary]. Child `projection` [hidden, vocabulary]. */
export class RwkvHead extends VariantLayer<RwkvHeadConfig> {
  static readonly className = 'RwkvHead';
  private projection!: Linear;

  constructor(config: RwkvHeadConfig & LayerOptions) {
    super(config);
  }

  override build(inputShape: tf.Shape): void {
    const linear = new Linear({units: this.config.vocabSize, useBias: false}, {kernel: widening(0.5)});
    this.projection = this.child('projection', linear, inputShape);
    this.built = true;
  }

  forward(x: tf.Tensor, {training}: ForwardOptions): tf.Tensor {
    const {logitPenalty = 0} = this.config;
    const logits = this.projection.forward(x);
    return training && logitPenalty > 0 ? withLogitPenalty(logits, logitPenalty) : logits;
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return [...inputShape.slice(0, -1), this.config.vocabSize];
  }
}
tf.serialization.registerClass(RwkvHead);
