import * as tf from '@tensorflow/tfjs';
import {
  type Activation,
  DecoderLayer,
  Dropout,
  FeedForward,
  type ForwardOptions,
  type KeysAndValues,
  LayerNorm,
  lastDimension,
  MultiHeadAttention,
  ResidualBlock,
  type ResidualBlockParts,
  type ResidualConfig,
  residual,
  residualStep,
  SelfAttention,
  type StateTree,
  type StreamStep,
  uniform,
  xavierUniform,
} from '@variants/core';

/** Options of {@link EncoderBlock} and {@link DecoderBlock}. */
export interface CoderBlockConfig extends ResidualConfig {
  /** Heads of each attention; must divide the width. */
  numHeads: number;
  /** Width of the feed-forward. */
  intermediateSize: number;
  /** Of the feed-forward. Default 'relu'. */
  activation?: Activation;
  /** Epsilon of the norms. Default 1e-5. */
  normEpsilon?: number;
}

/** A feed-forward with first weights as in PyTorch's nn.Transformer: Glorot's, and its Linear's biases. */
function makeFeedForward(hiddenSize: number, {intermediateSize, activation = 'relu'}: CoderBlockConfig): FeedForward {
  return new FeedForward(
    {intermediateSize, activation},
    {
      up: xavierUniform(),
      down: xavierUniform(),
      upBias: uniform(hiddenSize ** -0.5),
      downBias: uniform(intermediateSize ** -0.5),
    },
  );
}

/**
 * A block of the encoder (Vaswani et al. 2017, section 3.1): self-attention in both directions and a feed-forward, each
 * with a norm and a skip connection. [batch, time, hidden] to the same.
 */
export class EncoderBlock extends ResidualBlock<CoderBlockConfig> {
  static readonly className = 'TransformerEncoderBlock';

  protected parts(inputShape: tf.Shape): ResidualBlockParts {
    const {numHeads, normEpsilon: epsilon} = this.config;
    return {
      mixer: new MultiHeadAttention({numHeads}),
      feedForward: makeFeedForward(lastDimension(inputShape, this.path), this.config),
      norm: () => new LayerNorm({epsilon}),
    };
  }
}
tf.serialization.registerClass(EncoderBlock);

/** What a stream of {@link DecoderBlock} remembers. */
type DecoderBlockState = {
  /** Keys and values of the target so far, and their mask; null before the first. */
  self: StateTree;
  /** Keys and values of the memory, [batch, heads, source time, head size]. */
  cross: KeysAndValues;
};

/**
 * A block of the decoder (Vaswani et al. 2017, section 3.1): causal self-attention, attention to the memory, which is
 * taken as it is, and a feed-forward, each with a norm and a skip connection. [batch, time, hidden] to the same.
 *
 * Children `self_attention_norm`, `self_attention`, `cross_attention_norm`, `cross_attention`, `feed_forward_norm`,
 * `feed_forward`.
 */
export class DecoderBlock extends DecoderLayer<CoderBlockConfig> {
  static readonly className = 'TransformerDecoderBlock';
  private selfAttention!: SelfAttention;
  private selfAttentionNorm!: LayerNorm;
  private crossAttention!: MultiHeadAttention;
  private crossAttentionNorm!: LayerNorm;
  private feedForward!: FeedForward;
  private feedForwardNorm!: LayerNorm;
  private dropout!: Dropout;

  override build(inputShape: tf.Shape): void {
    const {numHeads, normEpsilon: epsilon, dropout = 0} = this.config;
    const hiddenSize = lastDimension(inputShape, this.path);
    // As MultiHeadAttention's: queries, keys and values are one matrix.
    const initializers = {projections: xavierUniform(Math.SQRT1_2), output: xavierUniform()};
    this.selfAttentionNorm = this.child('self_attention_norm', new LayerNorm({epsilon}), inputShape);
    this.selfAttention = this.child('self_attention', new SelfAttention({numHeads}, initializers), inputShape);
    this.crossAttentionNorm = this.child('cross_attention_norm', new LayerNorm({epsilon}), inputShape);
    this.crossAttention = this.child('cross_attention', new MultiHeadAttention({numHeads}), [null, null, hiddenSize]);
    this.feedForwardNorm = this.child('feed_forward_norm', new LayerNorm({epsilon}), inputShape);
    this.feedForward = this.child('feed_forward', makeFeedForward(hiddenSize, this.config), inputShape);
    this.dropout = this.child('dropout', new Dropout({rate: dropout}), inputShape);
  }

  begin(memory: tf.Tensor): StateTree {
    return {self: null, cross: this.crossAttention.keysAndValues(memory)};
  }

  advance(x: tf.Tensor, state: StateTree, options: ForwardOptions): StreamStep {
    const {self: before, cross} = state as DecoderBlockState;
    const around = (norm: LayerNorm) => ({...this.config, norm, dropout: this.dropout, run: options});
    const look = (h: tf.Tensor) => this.selfAttention.advance(h, before, options);
    const ask = (h: tf.Tensor) =>
      this.crossAttention.attend(h, cross, {...options, attentionMask: options.carried?.memoryMask});
    const feed = (h: tf.Tensor) => this.feedForward.forward(h);
    const {output: attended, state: self} = residualStep(x, look, around(this.selfAttentionNorm));
    const informed = residual(attended, ask, around(this.crossAttentionNorm));
    return {output: residual(informed, feed, around(this.feedForwardNorm)), state: {self, cross}};
  }
}
tf.serialization.registerClass(DecoderBlock);
