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
  type ResidualConfig,
  residual,
  SelfAttention,
  type StateTree,
  type StreamStep,
  uniform,
  VariantLayer,
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
 *
 * Children `self_attention_norm`, `self_attention`, `feed_forward_norm`, `feed_forward`.
 */
export class EncoderBlock extends VariantLayer<CoderBlockConfig> {
  static readonly className = 'TransformerEncoderBlock';
  private selfAttention!: MultiHeadAttention;
  private selfAttentionNorm!: LayerNorm;
  private feedForward!: FeedForward;
  private feedForwardNorm!: LayerNorm;
  private dropout!: Dropout;

  override build(inputShape: tf.Shape): void {
    const {numHeads, normEpsilon: epsilon, dropout = 0} = this.config;
    const hiddenSize = lastDimension(inputShape, this.path);
    this.selfAttentionNorm = this.child('self_attention_norm', new LayerNorm({epsilon}), inputShape);
    this.selfAttention = this.child('self_attention', new MultiHeadAttention({numHeads}), [null, null, hiddenSize]);
    this.feedForwardNorm = this.child('feed_forward_norm', new LayerNorm({epsilon}), inputShape);
    this.feedForward = this.child('feed_forward', makeFeedForward(hiddenSize, this.config), inputShape);
    this.dropout = this.child('dropout', new Dropout({rate: dropout}), inputShape);
  }

  forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    const part = (h: tf.Tensor, norm: VariantLayer, run: (h: tf.Tensor) => tf.Tensor) =>
      residual(h, run, {norm, dropout: this.dropout}, this.config, options);
    const attended = part(x, this.selfAttentionNorm, (h) => this.selfAttention.forward(h, options));
    return part(attended, this.feedForwardNorm, (h) => this.feedForward.forward(h));
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
    const part = (h: tf.Tensor, norm: VariantLayer, run: (h: tf.Tensor) => tf.Tensor) =>
      residual(h, run, {norm, dropout: this.dropout}, this.config, options);
    let self: StateTree = null;
    const attended = part(x, this.selfAttentionNorm, (h) => {
      const step = this.selfAttention.advance(h, before, options);
      self = step.state;
      return step.output;
    });
    const toMemory = {...options, attentionMask: options.carried?.memoryMask};
    const informed = part(attended, this.crossAttentionNorm, (h) => this.crossAttention.attend(h, cross, toMemory));
    return {
      output: part(informed, this.feedForwardNorm, (h) => this.feedForward.forward(h)),
      state: {self, cross},
    };
  }
}
tf.serialization.registerClass(DecoderBlock);
