import * as tf from '@tensorflow/tfjs';
import {embeddingLookup} from '../kernels/embedding-lookup';
import {Dropout} from './dropout';
import {TokenEmbedding} from './embedding';
import {normal} from './initializers';
import {type ForwardOptions, VariantLayer} from './layer';
import {LayerNorm} from './norms';
import {LearnedPositions} from './positions';

/** Options of {@link BertEmbeddings}. */
export interface BertEmbeddingsConfig {
  /** Number of different tokens. */
  vocabSize: number;
  hiddenSize: number;
  /** Kinds of tokens, such as first and second sentence; 0: none. Default 2. */
  typeVocabSize?: number;
  /** Positions that there are learned vectors for; null: none. Default null. */
  maxSequenceLength?: number | null;
  /** The id of padding; looking it up trains nothing. Default: there is none. */
  padToken?: number | null;
  /** Of the norm. Default 1e-12. */
  normEpsilon?: number;
  /** Dropout behind the norm. Default 0. */
  dropout?: number;
}

/**
 * BERT's embeddings (Devlin et al. 2018, section 3), token ids [batch, time] to [batch, time, hidden]:
 *
 *     y = norm(tokens[id] + types[kind] + positions[n])
 *
 * Takes `tokenTypes`, the kind of each token [batch, time], zeros where they are not there. Padding takes positions as tokens
 * do. Children `tokens`, `positions`, `norm`; weight `types` [kinds, hidden].
 */
export class BertEmbeddings extends VariantLayer<BertEmbeddingsConfig> {
  static readonly className = 'VariantsBertEmbeddings';
  /** The table of tokens, to which a head may be tied. */
  tokens!: TokenEmbedding;
  private types?: tf.LayerVariable;
  private positions?: LearnedPositions;
  private norm!: LayerNorm;
  private dropout!: Dropout;

  override get takes(): readonly string[] {
    return ['tokenTypes'];
  }

  override build(inputShape: tf.Shape): void {
    const {vocabSize, hiddenSize, typeVocabSize = 2, maxSequenceLength, normEpsilon: epsilon = 1e-12} = this.config;
    const hidden = [...inputShape, hiddenSize];
    this.tokens = this.child('tokens', new TokenEmbedding({vocabSize, hiddenSize}), inputShape);
    if (typeVocabSize > 0) this.types = this.weight('types', [typeVocabSize, hiddenSize], normal(0.02));
    if (maxSequenceLength) this.positions = this.child('positions', new LearnedPositions({maxSequenceLength}), hidden);
    this.norm = this.child('norm', new LayerNorm({epsilon}), hidden);
    this.dropout = this.child('dropout', new Dropout({rate: this.config.dropout ?? 0}), hidden);
  }

  forward(tokens: tf.Tensor, {attentionMask: _, ...options}: ForwardOptions): tf.Tensor {
    const ids = tokens.toInt();
    const words = this.trainedWords(ids);
    const kinds = options.carried?.tokenTypes?.toInt() ?? tf.zerosLike(ids);
    const sum = this.types ? words.add(embeddingLookup(this.types.read(), kinds)) : words;
    const placed = this.positions ? this.positions.forward(sum, options) : sum;
    return this.dropout.forward(this.norm.forward(placed), options);
  }

  /** The vectors of tokens, of which padding has no gradient. */
  private trainedWords(ids: tf.Tensor): tf.Tensor {
    const {padToken = null} = this.config;
    const words = this.tokens.forward(ids);
    return padToken === null ? words : withGradientWhere(words, ids.notEqual(padToken).expandDims(-1).toFloat());
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return [...inputShape, this.config.hiddenSize];
  }
}
tf.serialization.registerClass(BertEmbeddings);

/** x itself, whose gradient passes where `passes` is 1. */
const withGradientWhere = (x: tf.Tensor, passes: tf.Tensor): tf.Tensor =>
  tf.customGrad((x, save) => {
    (save as tf.GradSaveFunc)([passes]);
    return {
      value: (x as tf.Tensor).clone(),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => dy.mul(saved[0]),
    };
  })(x);
