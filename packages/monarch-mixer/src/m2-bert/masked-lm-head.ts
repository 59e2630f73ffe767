import * as tf from '@tensorflow/tfjs';
import {gelu, LayerNorm, type LayerOptions, Linear, lastDimension, VariantLayer, zeros} from '@variants/core';
import type {M2BertEmbeddings} from './embeddings';

/** Options of {@link MaskedLMHead}. */
interface MaskedLMHeadConfig {
  normEpsilon: number;
}

/**
 * BERT's head, [batch, time, hidden] to logits [batch, time, vocabulary] by the table of the embeddings:
 *
 *     norm(gelu(x W + b)) tableᵀ + bias
 *
 * Children `transform`, `norm`; weight `bias` [vocabulary].
 */
export class MaskedLMHead extends VariantLayer<MaskedLMHeadConfig> {
  static readonly className = 'M2BertMaskedLMHead';
  private transform!: Linear;
  private norm!: LayerNorm;
  private bias!: tf.LayerVariable;

  constructor(
    private readonly embeddings: M2BertEmbeddings,
    config: MaskedLMHeadConfig & LayerOptions,
  ) {
    super(config);
  }

  override build(inputShape: tf.Shape): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    this.transform = this.child('transform', new Linear({units: hiddenSize}), inputShape);
    this.norm = this.child('norm', new LayerNorm({epsilon: this.config.normEpsilon}), inputShape);
    this.bias = this.weight('bias', [this.vocabSize], zeros);
  }

  private get vocabSize(): number {
    return this.embeddings.tokens.table.shape[0];
  }

  forward(x: tf.Tensor): tf.Tensor {
    const h = this.norm.forward(gelu(this.transform.forward(x)));
    const rows = h.reshape([-1, h.shape[h.rank - 1] as number]);
    const logits = tf.matMul(rows, this.embeddings.tokens.table, false, true).add(this.bias.read());
    return logits.reshape([...x.shape.slice(0, -1), this.vocabSize]);
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return [...inputShape.slice(0, -1), this.vocabSize];
  }
}
tf.serialization.registerClass(MaskedLMHead);
