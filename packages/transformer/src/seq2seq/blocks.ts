import * as tf from '@tensorflow/tfjs';
import {
  type Activation,
  type DecoderBlockParts,
  DecoderResidualBlock,
  FeedForward,
  LayerNorm,
  lastDimension,
  MultiHeadAttention,
  ResidualBlock,
  type ResidualBlockParts,
  type ResidualConfig,
  SelfAttention,
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

/**
 * A block of the decoder (Vaswani et al. 2017, section 3.1): causal self-attention, attention to the memory, which is
 * taken as it is, and a feed-forward, each with a norm and a skip connection. [batch, time, hidden] to the same.
 *
 * Children `self_attention_norm`, `self_attention`, `cross_attention_norm`, `cross_attention`, `feed_forward_norm`,
 * `feed_forward`.
 */
export class DecoderBlock extends DecoderResidualBlock<CoderBlockConfig> {
  static readonly className = 'TransformerDecoderBlock';

  protected parts(inputShape: tf.Shape): DecoderBlockParts {
    const {numHeads, normEpsilon: epsilon} = this.config;
    // As MultiHeadAttention's: queries, keys and values are one matrix.
    const initializers = {projections: xavierUniform(Math.SQRT1_2), output: xavierUniform()};
    return {
      selfAttention: new SelfAttention({numHeads}, initializers),
      crossAttention: new MultiHeadAttention({numHeads}),
      feedForward: makeFeedForward(lastDimension(inputShape, this.path), this.config),
      norm: () => new LayerNorm({epsilon}),
    };
  }
}
tf.serialization.registerClass(DecoderBlock);
