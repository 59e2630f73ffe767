import * as tf from '@tensorflow/tfjs';
import {type Activation, activation, Linear, normal, pool, VariantLayer} from '@variants/core';

/** Options of {@link SentencePooler}. */
export interface SentencePoolerConfig {
  /** Of what the dense layer gives. */
  activation: Activation;
}

/**
 * What RoFormer-Sim makes of a sentence beside its tokens: one vector, activation(x_0 W + b). As a layer of a chain it leaves
 * x [batch, time, hidden] as it is. Child `dense` [hidden, hidden].
 */
export class SentencePooler extends VariantLayer<SentencePoolerConfig> {
  static readonly className = 'RoFormerSentencePooler';
  private dense!: Linear;

  override build(inputShape: tf.Shape): void {
    const units = inputShape[inputShape.length - 1] as number;
    this.dense = this.child('dense', new Linear({units}, {kernel: normal(0.02)}), [null, units]);
  }

  forward(x: tf.Tensor): tf.Tensor {
    // A handle of its own, as a layer's output is.
    return x.clone();
  }

  /** The vectors of sentences x [batch, time, hidden]: [batch, hidden]. */
  pooled(x: tf.Tensor): tf.Tensor2D {
    return activation(this.config.activation)(this.dense.forward(pool(x, 'first'))) as tf.Tensor2D;
  }
}
tf.serialization.registerClass(SentencePooler);
