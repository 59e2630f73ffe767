import * as tf from '@tensorflow/tfjs';
import {
  type Activation,
  type Carried,
  type CausalBlockParts,
  CausalResidualBlock,
  type DecoderBlockParts,
  DecoderLayer,
  DecoderResidualBlock,
  FeedForward,
  type ForwardOptions,
  firstShape,
  type KeyValueCache,
  LayerNorm,
  type LayerOptions,
  lastDimension,
  MultiHeadAttention,
  type Passed,
  ResidualBlock,
  type ResidualBlockParts,
  type ResidualConfig,
  SelfAttention,
  type StateTree,
  type StreamStep,
  uniform,
  type VariantLayer,
  xavierUniform,
} from '@variants/core';

/** Options of the blocks. */
export interface WideFfnBlockConfig extends ResidualConfig {
  /** Heads of each attention; must divide the width. */
  numHeads: number;
  /** Width of the feed-forward; 0 leaves it out, with its norm and its skip connection. */
  intermediateSize: number;
  /** Of the feed-forward. Default 'relu'. */
  activation?: Activation;
  /** Epsilon of the norms. Default 1e-5. */
  normEpsilon?: number;
}

/** Parts that a block has in common with others; the first that is built owns their weights. Default: all its own. */
export interface SharedParts {
  feedForward?: FeedForward;
  feedForwardNorm?: VariantLayer;
  selfAttention?: SelfAttention | MultiHeadAttention;
  crossAttention?: MultiHeadAttention;
}

/** A feed-forward with first weights as in PyTorch's Linear. */
export function makeFeedForward(
  hiddenSize: number,
  {intermediateSize, activation = 'relu'}: Pick<WideFfnBlockConfig, 'intermediateSize' | 'activation'>,
): FeedForward {
  const biases = {upBias: uniform(hiddenSize ** -0.5), downBias: uniform(intermediateSize ** -0.5)};
  return new FeedForward({intermediateSize, activation}, biases);
}

/** Causal attention with first weights as in fairseq: queries, keys and values are drawn as one matrix. */
export function makeSelfAttention(numHeads: number): SelfAttention {
  return new SelfAttention({numHeads}, {projections: xavierUniform(Math.SQRT1_2), output: xavierUniform()});
}

/** The feed-forward of a block, if it has one, and what makes its norms. */
function feedForwardParts(
  config: WideFfnBlockConfig,
  {feedForward, feedForwardNorm}: SharedParts,
  hiddenSize: number,
): Pick<ResidualBlockParts, 'feedForward' | 'feedForwardNorm' | 'norm'> {
  const norm = () => new LayerNorm({epsilon: config.normEpsilon});
  if (config.intermediateSize === 0) return {feedForward: null, norm};
  return {feedForward: feedForward ?? makeFeedForward(hiddenSize, config), feedForwardNorm, norm};
}

/**
 * A layer of the encoder: self-attention in both directions and, unless it is left out, a feed-forward, each with a norm and
 * a skip connection. [batch, time, hidden] to the same.
 *
 * Children `mixer_norm`, `mixer`, `feed_forward_norm`, `feed_forward`; those that are shared are another block's.
 */
export class EncoderBlock extends ResidualBlock<WideFfnBlockConfig> {
  static readonly className = 'WideFfnEncoderBlock';

  constructor(
    config: WideFfnBlockConfig & LayerOptions,
    private readonly shared: SharedParts = {},
  ) {
    super(config);
  }

  protected parts(inputShape: tf.Shape): ResidualBlockParts {
    const mixer = this.shared.selfAttention ?? new MultiHeadAttention({numHeads: this.config.numHeads});
    return {mixer, ...feedForwardParts(this.config, this.shared, lastDimension(inputShape, this.path))};
  }
}
tf.serialization.registerClass(EncoderBlock);

/**
 * A layer of the decoder: causal self-attention, attention to the memory and, unless it is left out, a feed-forward, each
 * with a norm and a skip connection. [batch, time, hidden] to the same.
 *
 * Children `self_attention_norm`, `self_attention`, `cross_attention_norm`, `cross_attention`, `feed_forward_norm`,
 * `feed_forward`; those that are shared are another block's.
 */
export class DecoderBlock extends DecoderResidualBlock<WideFfnBlockConfig> {
  static readonly className = 'WideFfnDecoderBlock';

  constructor(
    config: WideFfnBlockConfig & LayerOptions,
    private readonly shared: SharedParts = {},
  ) {
    super(config);
  }

  protected parts(inputShape: tf.Shape): DecoderBlockParts {
    const {numHeads} = this.config;
    return {
      selfAttention: (this.shared.selfAttention as SelfAttention | undefined) ?? makeSelfAttention(numHeads),
      crossAttention: this.shared.crossAttention ?? new MultiHeadAttention({numHeads}),
      ...feedForwardParts(this.config, this.shared, lastDimension(inputShape, this.path)),
    };
  }
}
tf.serialization.registerClass(DecoderBlock);

/**
 * A layer of the decoder-only form on the source, which sees all of itself: self-attention and, unless it is left out, a
 * feed-forward. Beside its output it gives the keys and values, `<name>_keys` and `<name>_values` [batch, heads, time, head
 * size], that a {@link TargetBlock} goes on from. [batch, time, hidden] to the same.
 *
 * Children `mixer_norm`, `mixer`, `feed_forward_norm`, `feed_forward`; those that are shared are another block's.
 */
export class PrefixBlock extends CausalResidualBlock<WideFfnBlockConfig> {
  static readonly className = 'WideFfnPrefixBlock';

  constructor(
    config: WideFfnBlockConfig & LayerOptions,
    private readonly shared: SharedParts = {},
  ) {
    super(config);
  }

  protected parts(inputShape: tf.Shape): CausalBlockParts {
    const {selfAttention} = this.shared;
    const mixer = (selfAttention as SelfAttention | undefined) ?? makeSelfAttention(this.config.numHeads);
    return {mixer, ...feedForwardParts(this.config, this.shared, lastDimension(inputShape, this.path))};
  }

  override get gives(): readonly string[] {
    return [`${this.name}_keys`, `${this.name}_values`];
  }

  override forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.pass(x, options).output;
  }

  override pass(x: tf.Tensor, options: ForwardOptions): Passed {
    const prefix = tf.ones(x.shape.slice(0, 2));
    const {output, state} = this.advance(x, null, {...options, prefix});
    const {keys, values} = state as KeyValueCache;
    const [keysName, valuesName] = this.gives;
    return {output, carried: {[keysName]: keys, [valuesName]: values}};
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape[] {
    const x = firstShape(inputShape);
    const {numHeads} = this.config;
    const heads = [x[0], numHeads, x[1], lastDimension(x, this.path) / numHeads];
    return [x, heads, heads];
  }
}
tf.serialization.registerClass(PrefixBlock);

/**
 * The same layer as a {@link PrefixBlock}, with its weights, on the target that follows on the source: a position sees all of
 * the source, and of the target what is before.
 */
export class TargetBlock extends DecoderLayer {
  static readonly className = 'WideFfnTargetBlock';

  constructor(
    private readonly block: PrefixBlock,
    config: LayerOptions,
  ) {
    super(config);
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    this.child('block', this.block, firstShape(inputShape));
  }

  override get takes(): readonly string[] {
    return [...super.takes, ...this.block.gives];
  }

  begin(_memory: tf.Tensor, carried: Carried): StateTree {
    const [keys, values] = this.block.gives.map((name) => carried[name]);
    const [batch, , sourceTime] = keys.shape as number[];
    const {memoryMask} = carried;
    const mask = memoryMask ? memoryMask.toFloat().reshape([batch, 1, sourceTime, 1]) : null;
    return {keys, values, mask, positions: null, length: tf.scalar(sourceTime, 'int32')};
  }

  advance(x: tf.Tensor, state: StateTree, options: ForwardOptions): StreamStep {
    // Room is asked for positions of the target, and the source is in the cache too.
    const sourceTime = options.carried?.memoryMask?.shape[1] ?? 0;
    const capacity = options.capacity === undefined ? undefined : options.capacity + sourceTime;
    return this.block.advance(x, state, {...options, capacity});
  }
}
