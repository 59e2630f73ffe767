import type * as tf from '@tensorflow/tfjs';
import type {StateTree} from '../streams/state-tree';
import {gatherRows} from '../streams/state-tree';
import type {Carried, StreamStep} from '../streams/stream-state';
import {DecoderLayer} from './decoder-layer';
import {Dropout} from './dropout';
import {type ForwardOptions, firstShape, type VariantLayer} from './layer';
import type {KeysAndValues, MultiHeadAttention} from './multi-head-attention';
import {type ResidualConfig, residual, residualStep} from './residual';
import {FeedForwardPart, type ResidualBlockParts} from './residual-block';
import type {SelfAttention} from './self-attention';

/** The parts of a {@link DecoderResidualBlock}, made anew for each block, or shared with others. */
export interface DecoderBlockParts extends Omit<ResidualBlockParts, 'mixer'> {
  selfAttention: SelfAttention;
  /** To the memory. */
  crossAttention: MultiHeadAttention;
}

/** What a stream of {@link DecoderResidualBlock} remembers. */
type DecoderBlockState = {
  /** Keys and values of the target so far, and their mask; null before the first. */
  self: StateTree;
  /** Keys and values of the memory, [batch, heads, source time, head size]. */
  cross: KeysAndValues;
};

/**
 * A block of an encoder-decoder's decoder (Vaswani et al. 2017, section 3.1): causal self-attention, attention to the memory,
 * which is taken as it is, and a feed-forward, each with a norm and a skip connection. [batch, time, hidden] to the same.
 *
 * Children `self_attention_norm`, `self_attention`, `cross_attention_norm`, `cross_attention`, `feed_forward_norm`,
 * `feed_forward`, of which a block without a feed-forward has the first four.
 */
export abstract class DecoderResidualBlock<Config extends ResidualConfig> extends DecoderLayer<Config> {
  private selfAttention!: SelfAttention;
  private selfAttentionNorm!: VariantLayer;
  private crossAttention!: MultiHeadAttention;
  private crossAttentionNorm!: VariantLayer;
  private feed!: FeedForwardPart;
  private dropout!: Dropout;

  /** Makes the parts for inputs of this shape. */
  protected abstract parts(inputShape: tf.Shape): DecoderBlockParts;

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const shape = firstShape(inputShape);
    const {selfAttention, crossAttention, norm, ...feed} = this.parts(shape);
    const add = <Child extends VariantLayer>(name: string, layer: Child) => this.child(name, layer, shape);
    this.selfAttentionNorm = add('self_attention_norm', norm());
    this.selfAttention = add('self_attention', selfAttention);
    this.crossAttentionNorm = add('cross_attention_norm', norm());
    this.crossAttention = add('cross_attention', crossAttention);
    this.feed = new FeedForwardPart({norm, ...feed}, add);
    this.dropout = add('dropout', new Dropout({rate: this.config.dropout ?? 0}));
  }

  begin(memory: tf.Tensor, _carried: Carried = {}): StateTree {
    return {self: null, cross: this.crossAttention.keysAndValues(memory)};
  }

  advance(x: tf.Tensor, state: StateTree, options: ForwardOptions): StreamStep {
    const {self: before, cross} = state as DecoderBlockState;
    const around = {...this.config, dropout: this.dropout, run: options};
    const look = (h: tf.Tensor) => this.selfAttention.advance(h, before, options);
    const ask = (h: tf.Tensor) =>
      this.crossAttention.attend(h, cross, {...options, attentionMask: options.carried?.memoryMask});
    const {output: attended, state: self} = residualStep(x, look, {...around, norm: this.selfAttentionNorm});
    const informed = residual(attended, ask, {...around, norm: this.crossAttentionNorm});
    return {output: this.feed.forward(informed, around), state: {self, cross}};
  }

  /** Keys and values of the memory are those of the source: all of its rows have them alike. */
  override reorder(state: StateTree, rows: tf.Tensor1D): StateTree {
    const {self, cross} = state as DecoderBlockState;
    return {self: gatherRows(self, rows, rows.size), cross};
  }
}
