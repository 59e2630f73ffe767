import * as tf from '@tensorflow/tfjs';
import {
  Dropout,
  embeddingLookup,
  type ForwardOptions,
  type Initializer,
  LayerNorm,
  normal,
  paddingMask,
  rotaryTables,
  TokenEmbedding,
  tokenPositions,
  VariantLayer,
} from '@variants/core';

/** Options of {@link LinformerEmbeddings}. */
export interface LinformerEmbeddingsConfig {
  /** Number of different tokens. */
  vocabSize: number;
  /** Width. */
  hiddenSize: number;
  /** Positions that there are vectors for. */
  maxSequenceLength: number;
  /** Learned, or sines in the first half of the features and cosines in the second, to the base 100,000. Default 'learned'. */
  positions?: 'learned' | 'sinusoidal';
  /** Rows of the learned table before that of the first token. Default 0. */
  positionOffset?: number;
  /** The id of padding, whose vector is 0 in the end. Default: there is none. */
  padToken?: number | null;
  /** A LayerNorm. Default true. */
  norm?: boolean;
  /** Of the norm. Default 1e-5. */
  normEpsilon?: number;
  /** Dropout behind the norm. Default 0. */
  dropout?: number;
}

/**
 * RoBERTa's embeddings (Liu et al. 2019, as fairseq has them), token ids [batch, time] to [batch, time, hidden]:
 *
 *     y = norm(tokens[id] + positions[offset + n]), but 0 where there is padding
 *
 * Learned positions count tokens alone. Children `tokens`, `norm`; weight `positions` [offset + positions, hidden].
 */
export class LinformerEmbeddings extends VariantLayer<LinformerEmbeddingsConfig> {
  static readonly className = 'LinformerEmbeddings';
  /** The table of tokens, to which a head may be tied. */
  tokens!: TokenEmbedding;
  private positions?: tf.LayerVariable;
  private norm?: LayerNorm;
  private dropout!: Dropout;

  override build(inputShape: tf.Shape): void {
    const {vocabSize, hiddenSize, maxSequenceLength, positionOffset = 0, padToken = null} = this.config;
    const {positions = 'learned', norm = true, normEpsilon: epsilon, dropout: rate = 0} = this.config;
    const hidden = [...inputShape, hiddenSize];
    const table: Initializer = padToken === null ? initializer : withZeroRow(padToken);
    this.tokens = this.child('tokens', new TokenEmbedding({vocabSize, hiddenSize}, table), inputShape);
    const shape = [maxSequenceLength + positionOffset, hiddenSize];
    if (positions === 'learned') this.positions = this.weight('positions', shape, initializer);
    if (norm) this.norm = this.child('norm', new LayerNorm({epsilon}), hidden);
    this.dropout = this.child('dropout', new Dropout({rate}), hidden);
  }

  forward(tokens: tf.Tensor, options: ForwardOptions): tf.Tensor {
    const {padToken = null} = this.config;
    const ids = tokens.toInt();
    const mask = padToken === null ? undefined : (options.attentionMask ?? paddingMask(ids, padToken));
    const placed = this.tokens.forward(ids).add(this.positionsOf(ids, mask));
    const y = this.dropout.forward(this.norm ? this.norm.forward(placed) : placed, options);
    return mask ? y.mul(mask.toFloat().expandDims(2)) : y;
  }

  /** The vectors of positions, [batch or 1, time, hidden]. */
  private positionsOf(ids: tf.Tensor, mask?: tf.Tensor): tf.Tensor {
    const [, time] = ids.shape as number[];
    const {hiddenSize, positionOffset = 0} = this.config;
    if (!this.positions) return sinusoidsToBase(time, hiddenSize).expandDims(0);
    const places = tokenPositions(time, tf.fill([1, 1], positionOffset, 'int32'), mask);
    return embeddingLookup(this.positions.read(), places);
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return [...inputShape, this.config.hiddenSize];
  }
}
tf.serialization.registerClass(LinformerEmbeddings);

const initializer = normal(0.02);

/** A table whose row of padding is 0. */
const withZeroRow =
  (row: number): Initializer =>
  (shape, random) =>
    initializer(shape, random).fill(0, row * shape[1], (row + 1) * shape[1]);

/** Sines of n 100000^(-2i / size), then cosines, of n = 0, 1, ...: [time, size]. */
function sinusoidsToBase(time: number, size: number): tf.Tensor {
  const frequencies = Array.from({length: size / 2}, (_, i) => 100_000 ** ((-2 * i) / size));
  const {sin, cos} = rotaryTables([...Array(time).keys()], frequencies);
  return tf.concat([sin, cos], 1);
}
