import type * as tf from '@tensorflow/tfjs';
import type {StateTree} from '../streams/state-tree';
import type {StreamStep} from '../streams/stream-state';
import {CausalLayer, type StreamSpan} from './causal-layer';
import {Dropout} from './dropout';
import {type ForwardOptions, firstShape, VariantLayer} from './layer';
import {type ResidualConfig, type ResidualOptions, residual, residualStep} from './residual';

/** The parts of a {@link ResidualBlock} or {@link CausalResidualBlock}, made anew for each block. */
export interface ResidualBlockParts<Mixer extends VariantLayer = VariantLayer> {
  mixer: Mixer;
  /** Null where the block has none: it then ends behind the mixer, without a second norm. */
  feedForward: VariantLayer | null;
  /** Makes a normalisation; called once for each part that has one of its own. */
  norm(): VariantLayer;
  /** The norm of the feed-forward, where it is shared with another block as the feed-forward may be. Default: one of its own. */
  feedForwardNorm?: VariantLayer;
}

/** The parts of a {@link CausalResidualBlock}. */
export type CausalBlockParts = ResidualBlockParts<CausalLayer>;

/**
 * The block that most architectures share: a token mixer and a feed-forward, each with a norm and a skip connection.
 *
 *     pre:    x = α x + mixer(norm x);      x = α x + feedForward(norm x)
 *     post:   x = norm(α x + mixer x);      x = norm(α x + feedForward x)
 *
 * Children `mixer_norm`, `mixer`, `feed_forward_norm`, `feed_forward`, of which a block without a feed-forward has the first
 * two. [batch, time, hidden] to the same. Whose mixer can be fed in pieces is a {@link CausalResidualBlock}.
 */
export abstract class ResidualBlock<Config extends ResidualConfig> extends VariantLayer<Config> {
  private block!: BlockLayers<VariantLayer>;

  /** Makes the parts for inputs of this shape. */
  protected abstract parts(inputShape: tf.Shape): ResidualBlockParts;

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const shape = firstShape(inputShape);
    const add: AddChild = (name, layer) => this.child(name, layer, shape);
    this.block = new BlockLayers(this.parts(shape), this.config, add);
  }

  forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.block.forward(x, options);
  }
}

/** A {@link ResidualBlock} around a causal mixer: it can be fed in pieces, and its state is the mixer's. */
export abstract class CausalResidualBlock<Config extends ResidualConfig> extends CausalLayer<Config> {
  private block!: BlockLayers<CausalLayer>;

  /** Makes the parts for inputs of this shape. */
  protected abstract parts(inputShape: tf.Shape): CausalBlockParts;

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const shape = firstShape(inputShape);
    const add: AddChild = (name, layer) => this.child(name, layer, shape);
    this.block = new BlockLayers(this.parts(shape), this.config, add);
  }

  override get contextLength(): number | null {
    return this.block.mixer.contextLength;
  }

  override stepKind(fed: number): string {
    return this.block.mixer.stepKind(fed);
  }

  override forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.block.forward(x, options);
  }

  advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    return this.block.compose(x, (h) => this.block.mixer.advance(h, state, options), options);
  }

  override forget(state: StateTree, span: StreamSpan): StateTree {
    return this.block.mixer.forget(state, span);
  }
}

/** Adds a layer below a block. */
export type AddChild = <Child extends VariantLayer>(name: string, layer: Child) => Child;

/** What both blocks are made of, and the one way in which they put it together. */
class BlockLayers<Mixer extends VariantLayer> {
  readonly mixer: Mixer;
  private readonly mixerNorm: VariantLayer;
  private readonly dropout: Dropout;
  private readonly feed: FeedForwardPart;

  constructor(
    {mixer, norm, ...feed}: ResidualBlockParts<Mixer>,
    private readonly config: ResidualConfig,
    add: AddChild,
  ) {
    this.mixerNorm = add('mixer_norm', norm());
    this.mixer = add('mixer', mixer);
    this.feed = new FeedForwardPart({norm, ...feed}, add);
    this.dropout = add('dropout', new Dropout({rate: config.dropout ?? 0}));
  }

  forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.compose(x, (h) => ({output: this.mixer.forward(h, options), state: null}), options).output;
  }

  compose(x: tf.Tensor, mix: (h: tf.Tensor) => StreamStep, options: ForwardOptions): StreamStep {
    const around = {...this.config, dropout: this.dropout, run: options};
    const {output: mixed, state} = residualStep(x, mix, {...around, norm: this.mixerNorm});
    return {output: this.feed.forward(mixed, around), state};
  }
}

/** The part of a block that most have: the feed-forward with its norm. */
export class FeedForwardPart {
  private readonly layers: {norm: VariantLayer; feedForward: VariantLayer} | null;

  constructor(
    {feedForward, norm, feedForwardNorm}: Pick<ResidualBlockParts, 'feedForward' | 'norm' | 'feedForwardNorm'>,
    add: AddChild,
  ) {
    this.layers = feedForward && {
      norm: add('feed_forward_norm', feedForwardNorm ?? norm()),
      feedForward: add('feed_forward', feedForward),
    };
  }

  /** x with what the feed-forward makes of it; x itself where there is none. */
  forward(x: tf.Tensor, around: Omit<ResidualOptions, 'norm'>): tf.Tensor {
    if (!this.layers) return x;
    const {norm, feedForward} = this.layers;
    return residual(x, (h) => feedForward.forward(h, around.run), {...around, norm});
  }
}
