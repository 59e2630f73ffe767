import * as tf from '@tensorflow/tfjs';
import {embeddingLookup} from '../kernels/embedding-lookup';
import {type Initializer, normal} from './initializers';
import {firstShape, type LayerOptions, VariantLayer} from './layer';

/** Options of {@link TokenEmbedding}. */
export interface TokenEmbeddingConfig {
  vocabSize: number;
  hiddenSize: number;
  /** What the rows are multiplied with, e.g. sqrt(hiddenSize). Default 1. */
  scale?: number;
}

/** Token ids [batch, time] to vectors [batch, time, hidden]. Weight `table` [vocabulary, hidden]. */
export class TokenEmbedding extends VariantLayer<TokenEmbeddingConfig> {
  static readonly className = 'VariantsTokenEmbedding';
  private tableVariable!: tf.LayerVariable;

  constructor(
    config: TokenEmbeddingConfig & LayerOptions,
    private readonly initializer: Initializer = normal(0.02),
  ) {
    super(config);
  }

  override build(): void {
    this.tableVariable = this.weight('table', [this.config.vocabSize, this.config.hiddenSize], this.initializer);
  }

  /** The table [vocabulary, hidden], for a head that is tied to it. */
  get table(): tf.Tensor {
    return this.tableVariable.read();
  }

  forward(tokens: tf.Tensor): tf.Tensor {
    const rows = embeddingLookup(this.table, tokens.toInt());
    const {scale = 1} = this.config;
    return scale === 1 ? rows : rows.mul(scale);
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return [...inputShape, this.config.hiddenSize];
  }
}
tf.serialization.registerClass(TokenEmbedding);

/** Vectors [batch, time, hidden] to logits [batch, time, vocabulary] by the table of an embedding. Has no weights of its own. */
export class TiedHead extends VariantLayer {
  static readonly className = 'VariantsTiedHead';

  /** @param embedding The embedding, or what gives it when it is there. */
  constructor(
    private readonly embedding: TokenEmbedding | (() => TokenEmbedding),
    config: LayerOptions = {},
  ) {
    super(config);
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    this.child('embedding', this.tied, firstShape(inputShape));
  }

  private get tied(): TokenEmbedding {
    return typeof this.embedding === 'function' ? this.embedding() : this.embedding;
  }

  forward(x: tf.Tensor): tf.Tensor {
    const rows = x.reshape([-1, x.shape[x.rank - 1] as number]);
    const {table} = this.tied;
    return tf.matMul(rows, table as tf.Tensor2D, false, true).reshape([...x.shape.slice(0, -1), table.shape[0]]);
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    return [...firstShape(inputShape).slice(0, -1), this.tied.table.shape[0]];
  }
}
