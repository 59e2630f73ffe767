import * as tf from '@tensorflow/tfjs';
import {
  Dropout,
  embeddingLookup,
  type ForwardOptions,
  LayerNorm,
  LearnedPositions,
  normal,
  TokenEmbedding,
  VariantLayer,
} from '@variants/core';
import type {M2BertConfig} from './config';

type EmbeddingsConfig = Pick<
  M2BertConfig,
  | 'vocabSize'
  | 'hiddenSize'
  | 'typeVocabSize'
  | 'maxSequenceLength'
  | 'positionEmbeddings'
  | 'padToken'
  | 'normEpsilon'
  | 'dropout'
>;

/**
 * BERT's embeddings, token ids [batch, time] to [batch, time, hidden]: the sum of token, kind of token and position, and its
 * norm. Children `tokens`, `positions`, `norm`; weight `types` [kinds, hidden].
 */
export class M2BertEmbeddings extends VariantLayer<EmbeddingsConfig> {
  static readonly className = 'M2BertEmbeddings';
  /** The table of tokens, to which a head may be tied. */
  tokens!: TokenEmbedding;
  private types!: tf.LayerVariable;
  private positions?: LearnedPositions;
  private norm!: LayerNorm;
  private dropout!: Dropout;

  override build(inputShape: tf.Shape): void {
    const {vocabSize, hiddenSize, typeVocabSize, maxSequenceLength, positionEmbeddings, normEpsilon} = this.config;
    const hidden = [...inputShape, hiddenSize];
    this.tokens = this.child('tokens', new TokenEmbedding({vocabSize, hiddenSize}), inputShape);
    this.types = this.weight('types', [typeVocabSize, hiddenSize], normal(0.02));
    if (positionEmbeddings) this.positions = this.child('positions', new LearnedPositions({maxSequenceLength}), hidden);
    this.norm = this.child('norm', new LayerNorm({epsilon: normEpsilon}), hidden);
    this.dropout = this.child('dropout', new Dropout({rate: this.config.dropout}), hidden);
  }

  forward(tokens: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.embed(tokens, null, options);
  }

  /** @param tokenTypes [batch, time]; null for zeros. */
  embed(tokens: tf.Tensor, tokenTypes: tf.Tensor | null, options: ForwardOptions): tf.Tensor {
    const isPadding = tokens.toInt().equal(this.config.padToken).expandDims(-1);
    const words = withoutGradient(this.tokens.forward(tokens), isPadding.logicalNot().toFloat());
    const types = embeddingLookup(this.types.read(), tokenTypes?.toInt() ?? tf.zerosLike(tokens.toInt()));
    const sum = words.add(types);
    // Padding takes positions as tokens do.
    const placed = this.positions ? this.positions.forward(sum, {training: options.training}) : sum;
    return this.dropout.forward(this.norm.forward(placed), options);
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return [...inputShape, this.config.hiddenSize];
  }
}
tf.serialization.registerClass(M2BertEmbeddings);

/** x itself, whose gradient passes where `passes` is 1. */
const withoutGradient = (x: tf.Tensor, passes: tf.Tensor): tf.Tensor =>
  tf.customGrad((x, save) => {
    (save as tf.GradSaveFunc)([passes]);
    return {
      value: (x as tf.Tensor).clone(),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => dy.mul(saved[0]),
    };
  })(x);
