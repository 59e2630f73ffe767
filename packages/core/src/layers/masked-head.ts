import * as tf from '@tensorflow/tfjs';
import {type Activation, activation} from './activations';
import type {TokenEmbedding} from './embedding';
import {type Initializer, zeros} from './initializers';
import {firstShape, type LayerOptions, lastDimension, VariantLayer} from './layer';
import {Linear} from './linear';
import {LayerNorm} from './norms';

/** Options of {@link MaskedHead}. */
export interface MaskedHeadConfig {
  /** Default 'gelu'. */
  activation?: Activation;
  /** Of the norm. Default 1e-12. */
  normEpsilon?: number;
}

/**
 * BERT's head for tokens that were hidden, [batch, time, hidden] to logits [batch, time, vocabulary] by the table of an
 * embedding [vocabulary, width]:
 *
 *     norm(gelu(x W + b)) tableᵀ + bias
 *
 * Children `transform` [hidden, width], `norm`; weight `bias` [vocabulary].
 */
export class MaskedHead extends VariantLayer<MaskedHeadConfig> {
  static readonly className = 'VariantsMaskedHead';
  private transform!: Linear;
  private norm!: LayerNorm;
  private bias!: tf.LayerVariable;

  /**
   * @param tableOf Gives the embedding, when it is there.
   * @param initializer Of the transform's matrix. Default: as in a Linear.
   */
  constructor(
    private readonly tableOf: () => TokenEmbedding,
    config: MaskedHeadConfig & LayerOptions = {},
    private readonly initializer?: Initializer,
  ) {
    super(config);
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const hiddenSize = lastDimension(inputShape, this.path);
    const embedding = this.child('embedding', this.tableOf(), firstShape(inputShape));
    const [vocabSize, width] = embedding.table.shape as [number, number];
    const transform = new Linear({units: width}, {kernel: this.initializer});
    this.transform = this.child('transform', transform, [null, hiddenSize]);
    this.norm = this.child('norm', new LayerNorm({epsilon: this.config.normEpsilon ?? 1e-12}), [null, width]);
    this.bias = this.weight('bias', [vocabSize], zeros);
  }

  forward(x: tf.Tensor): tf.Tensor {
    const {table} = this.tableOf();
    const [vocabSize, width] = table.shape;
    const h = this.norm.forward(activation(this.config.activation ?? 'gelu')(this.transform.forward(x)));
    const logits = tf.matMul(h.reshape([-1, width as number]), table, false, true).add(this.bias.read());
    return logits.reshape([...x.shape.slice(0, -1), vocabSize]);
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    return [...firstShape(inputShape).slice(0, -1), this.tableOf().table.shape[0]];
  }
}
tf.serialization.registerClass(MaskedHead);
