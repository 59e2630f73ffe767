import * as tf from '@tensorflow/tfjs';
import {embeddingLookup} from '../kernels/embedding-lookup';
import type {StateTree} from '../streams/state-tree';
import type {StreamStep} from '../streams/stream-state';
import {CausalLayer} from './causal-layer';
import {Dropout} from './dropout';
import {TokenEmbedding} from './embedding';
import {type Initializer, normal} from './initializers';
import type {ForwardOptions, LayerOptions, VariantLayer} from './layer';
import {LayerNorm, RMSNorm} from './norms';
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
  /** The id of padding; looking it up trains nothing, and its first vector is zero. Default: there is none. */
  padToken?: number | null;
  /** An RMSNorm without a weight in place of the LayerNorm, as in RoFormer-V2. Default false. */
  bareNorm?: boolean;
  /** Of the norm. Default 1e-12. */
  normEpsilon?: number;
  /** Dropout behind the norm. Default 0. */
  dropout?: number;
}

/** What a stream of embeddings remembers. */
type EmbeddingState = {
  /** Of the learned positions. */
  positions: StateTree;
  /** The kind of the tokens that follow, [1, 1] int32; null while they are of kind 0. */
  kind: tf.Tensor | null;
};

/**
 * BERT's embeddings (Devlin et al. 2018, section 3), token ids [batch, time] to [batch, time, hidden]:
 *
 *     y = norm(tokens[id] + types[kind] + positions[n])
 *
 * Takes `tokenTypes`, the kind of each token [batch, time]. Where they are not there, all are of kind 0; with a prompt
 * (`ForwardOptions.prefix`) that is, and what follows it is of kind 1, in later pieces of a stream too, as UniLM has it (Dong
 * et al. 2019). Padding takes positions as tokens do. Children `tokens`, `positions`, `norm`; weight `types` [kinds, hidden].
 */
export class BertEmbeddings extends CausalLayer<BertEmbeddingsConfig> {
  static readonly className = 'VariantsBertEmbeddings';
  /** The table of tokens, to which a head may be tied. */
  tokens!: TokenEmbedding;
  private types?: tf.LayerVariable;
  private positions?: LearnedPositions;
  private norm!: VariantLayer;
  private dropout!: Dropout;

  /** @param initializer Of the tables of tokens and kinds. */
  constructor(
    config: BertEmbeddingsConfig & LayerOptions,
    private readonly initializer: Initializer = normal(0.02),
  ) {
    super(config);
  }

  override get takes(): readonly string[] {
    return ['tokenTypes'];
  }

  override get contextLength(): number | null {
    return this.config.maxSequenceLength ?? null;
  }

  override build(inputShape: tf.Shape): void {
    const {vocabSize, hiddenSize, typeVocabSize = 2, maxSequenceLength, normEpsilon: epsilon = 1e-12} = this.config;
    const {initializer} = this;
    const {padToken = null, bareNorm, dropout: rate = 0} = this.config;
    const hidden = [...inputShape, hiddenSize];
    const table = padToken === null ? initializer : withZeroRow(initializer, padToken);
    this.tokens = this.child('tokens', new TokenEmbedding({vocabSize, hiddenSize}, table), inputShape);
    if (typeVocabSize > 0) this.types = this.weight('types', [typeVocabSize, hiddenSize], initializer);
    if (maxSequenceLength) this.positions = this.child('positions', new LearnedPositions({maxSequenceLength}), hidden);
    const norm = bareNorm ? new RMSNorm({epsilon, useWeight: false}) : new LayerNorm({epsilon});
    this.norm = this.child('norm', norm, hidden);
    this.dropout = this.child('dropout', new Dropout({rate}), hidden);
  }

  advance(tokens: tf.Tensor, state: StateTree | null, {attentionMask: _, ...options}: ForwardOptions): StreamStep {
    const before = state as EmbeddingState | null;
    const ids = tokens.toInt();
    const words = this.trainedWords(ids);
    const {kinds, kind} = this.kindsOf(ids, before?.kind ?? null, options);
    const sum = this.types ? words.add(embeddingLookup(this.types.read(), kinds)) : words;
    const placed = this.positions?.advance(sum, before?.positions ?? null, options) ?? {output: sum, state: null};
    const output = this.dropout.forward(this.norm.forward(placed.output, options), options);
    return {output, state: {positions: placed.state, kind}};
  }

  /** The kinds of tokens, [batch, time] int32, and of those that follow in a stream. */
  private kindsOf(
    ids: tf.Tensor,
    before: tf.Tensor | null,
    {carried, prefix}: ForwardOptions,
  ): {kinds: tf.Tensor; kind: tf.Tensor | null} {
    // Where there is one kind alone, that is it.
    const behindPrompt = tf.scalar(Math.max(0, Math.min(1, (this.config.typeVocabSize ?? 2) - 1)), 'int32');
    const kind = prefix ? behindPrompt.reshape([1, 1]) : (before?.clone() ?? null);
    const usual = () => {
      if (prefix) return tf.scalar(1, 'int32').sub(prefix.toInt()).mul(behindPrompt).toInt();
      const zeros = tf.zerosLike(ids);
      return before ? zeros.add(before).toInt() : zeros;
    };
    return {kinds: carried?.tokenTypes?.toInt() ?? usual(), kind};
  }

  /** The vectors of tokens, of which padding has no gradient. */
  private trainedWords(ids: tf.Tensor): tf.Tensor {
    const {padToken = null} = this.config;
    const words = this.tokens.forward(ids);
    return padToken === null ? words : withoutGradientOf(padToken, words, ids);
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return [...inputShape, this.config.hiddenSize];
  }
}
tf.serialization.registerClass(BertEmbeddings);

/** An initializer of tables one row of which is zero. */
const withZeroRow =
  (initializer: Initializer, row: number): Initializer =>
  (shape, random) =>
    initializer(shape, random).fill(0, row * shape[1], (row + 1) * shape[1]);

/** The vectors of ids as they are, whose gradient passes but for one id. */
const withoutGradientOf = (id: number, words: tf.Tensor, ids: tf.Tensor): tf.Tensor =>
  tf.customGrad((x, save) => {
    (save as tf.GradSaveFunc)([ids]);
    return {
      value: (x as tf.Tensor).clone(),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => dy.mul(saved[0].notEqual(id).expandDims(-1).toFloat()),
    };
  })(words);
