import * as tf from '@tensorflow/tfjs';
import {
  type Activation,
  Dropout,
  FeedForward,
  type ForwardOptions,
  firstShape,
  LayerNorm,
  type LayerOptions,
  normal,
  type Passed,
  ResidualBlock,
  type ResidualBlockParts,
  type ResidualConfig,
  VariantLayer,
} from '@variants/core';
import {LinformerAttention, type LinformerAttentionConfig} from './attention-layer';
import type {SequenceCompression} from './compression-layer';

/** Options of {@link LinformerBlock}: those of its attention, and of what is around it. */
export interface LinformerBlockConfig
  extends Omit<LinformerAttentionConfig, 'dropout'>,
    Pick<ResidualConfig, 'normalization' | 'dropout'> {
  /** Width of the feed-forward. */
  intermediateSize: number;
  /** Of the feed-forward. Default 'gelu'. */
  activation?: Activation;
  /** Epsilon of the norms. Default 1e-5. */
  normEpsilon?: number;
  /** Dropout of attention's probabilities. Default 0. */
  attentionDropout?: number;
}

/** The attention of a block's options. */
function attentionOf(config: LinformerBlockConfig, lender?: () => SequenceCompression): LinformerAttention {
  const {intermediateSize, activation, normEpsilon, normalization, attentionDropout, ...attention} = config;
  return new LinformerAttention({...attention, dropout: attentionDropout}, lender);
}

function feedForwardOf({intermediateSize, activation}: LinformerBlockConfig): FeedForward {
  const kernel = normal(0.02);
  return new FeedForward({intermediateSize, activation}, {up: kernel, down: kernel});
}

/** Gives the compression of another layer, once that is built. */
export type CompressionLender = () => SequenceCompression;

/**
 * A block of Linformer, [batch, time, hidden] to the same: BERT's around {@link LinformerAttention}.
 *
 *     post:   x = norm(x + attention x);      x = norm(x + W_2 gelu(W_1 x))
 *     pre:    x = x + attention(norm x);      x = x + W_2 gelu(W_1 norm x)
 *
 * Takes `attentionMask`, which tells what is padding. See `ResidualBlock` for its children.
 */
export class LinformerBlock extends ResidualBlock<LinformerBlockConfig> {
  static readonly className = 'LinformerBlock';
  private attention!: LinformerAttention;

  /** @param lender Of the compression of another block, in place of one of its own. */
  constructor(
    config: LinformerBlockConfig & LayerOptions,
    private readonly lender?: CompressionLender,
  ) {
    super(config);
  }

  /** What compresses keys and values, to be shared with other blocks. */
  get compression(): SequenceCompression {
    return this.attention.compression;
  }

  protected parts(): ResidualBlockParts {
    this.attention = attentionOf(this.config, this.lender);
    const {normEpsilon: epsilon} = this.config;
    return {mixer: this.attention, feedForward: feedForwardOf(this.config), norm: () => new LayerNorm({epsilon})};
  }
}
tf.serialization.registerClass(LinformerBlock);

/** Options of {@link ReversibleLinformerBlock}. */
export interface ReversibleLinformerBlockConfig extends Omit<LinformerBlockConfig, 'normalization'> {
  /** It stands before all others, so that both streams are its input. Default false. */
  isFirst?: boolean;
}

/** The name under which the other stream of reversible blocks travels. */
const partner = 'partner';

/**
 * A block of two streams (Gomez et al. 2017), each what the other made of it can be subtracted from; [batch, time, hidden]
 * to the same, x_2 being its input and x_1 what travels beside it:
 *
 *     x_1 = x_1 + attention(norm x_2);      x_2 = x_2 + W_2 gelu(W_1 norm x_1)
 *
 * Children as of {@link LinformerBlock}.
 */
export class ReversibleLinformerBlock extends VariantLayer<ReversibleLinformerBlockConfig> {
  static readonly className = 'ReversibleLinformerBlock';
  private attention!: LinformerAttention;
  private feedForward!: FeedForward;
  private mixerNorm!: LayerNorm;
  private feedForwardNorm!: LayerNorm;
  private dropout!: Dropout;

  /** @param lender As of {@link LinformerBlock}. */
  constructor(
    config: ReversibleLinformerBlockConfig & LayerOptions,
    private readonly lender?: CompressionLender,
  ) {
    super(config);
  }

  /** What compresses keys and values, to be shared with other blocks. */
  get compression(): SequenceCompression {
    return this.attention.compression;
  }

  override get takes(): readonly string[] {
    return this.config.isFirst ? [] : [partner];
  }

  override get gives(): readonly string[] {
    return [partner];
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const shape = firstShape(inputShape);
    const {normEpsilon: epsilon, dropout: rate = 0, isFirst: _, ...config} = this.config;
    this.mixerNorm = this.child('mixer_norm', new LayerNorm({epsilon}), shape);
    this.attention = this.child('mixer', attentionOf(config, this.lender), shape);
    this.feedForwardNorm = this.child('feed_forward_norm', new LayerNorm({epsilon}), shape);
    this.feedForward = this.child('feed_forward', feedForwardOf(config), shape);
    this.dropout = this.child('dropout', new Dropout({rate}), shape);
  }

  forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.pass(x, options).output;
  }

  override pass(x: tf.Tensor, run: ForwardOptions): Passed {
    const added = (to: tf.Tensor, part: VariantLayer, h: tf.Tensor) =>
      to.add(this.dropout.forward(part.forward(h, run), run));
    const before = run.carried?.[partner] ?? x;
    const first = added(before, this.attention, this.mixerNorm.forward(x));
    const second = added(x, this.feedForward, this.feedForwardNorm.forward(first));
    return {output: second, carried: {[partner]: first}};
  }
}
tf.serialization.registerClass(ReversibleLinformerBlock);

/** The end of reversible blocks: the sum of both streams, [batch, time, hidden]. No weights. */
export class ReversibleSum extends VariantLayer {
  static readonly className = 'LinformerReversibleSum';

  constructor(config: LayerOptions = {}) {
    super(config);
  }

  override get takes(): readonly string[] {
    return [partner];
  }

  forward(x: tf.Tensor, {carried}: ForwardOptions): tf.Tensor {
    return x.add(carried?.[partner] ?? x);
  }
}
tf.serialization.registerClass(ReversibleSum);
