import * as tf from '@tensorflow/tfjs';
import {
  Dropout,
  FeedForward,
  type ForwardOptions,
  firstShape,
  LayerNorm,
  type LayerOptions,
  residual,
  type StateTree,
  type StreamStep,
  VariantLayer,
  xavierUniform,
} from '@variants/core';
import {ConformerAttention, type ConformerAttentionConfig} from './attention';
import {ConvolutionModule, type ConvolutionModuleConfig} from './convolution';

/** Options of {@link ConformerBlock}. */
export interface ConformerBlockConfig
  extends Pick<ConformerAttentionConfig, 'numHeads' | 'positions' | 'chunkSize' | 'leftChunks'>,
    Omit<ConvolutionModuleConfig, 'norm'> {
  /** Width of both feed-forwards. */
  intermediateSize: number;
  /** What normalises in the convolution module. Default 'batch'. */
  convolutionNorm?: ConvolutionModuleConfig['norm'];
  /** Puts the convolution module before attention. Default false. */
  convolutionFirst?: boolean;
  /** Adds half of what each feed-forward gives; if not, all of it. Default true. */
  halfSteps?: boolean;
  /** Dropout behind each part, and within the feed-forwards. Default 0. */
  dropout?: number;
  /** Dropout of attention's probabilities. Default 0. */
  attentionDropout?: number;
}

/** What a stream of a block remembers. */
type BlockState = {attention: StateTree; convolution: StateTree};

/**
 * A Conformer block, [batch, frames, hidden] to the same (Gulati et al. 2020, equation 1):
 *
 *     x = x + 1/2 FF_1(x);   x = x + attention(x);   x = x + convolution(x);   x = norm(x + 1/2 FF_2(x))
 *
 * where each part normalises its input first. Takes `attentionMask`, which tells what is padding. Children `feed_forward_1`,
 * `attention`, `feed_forward_2` with a LayerNorm `<name>_norm` each, `convolution`, which has its own, and `final_norm`.
 */
export class ConformerBlock extends VariantLayer<ConformerBlockConfig> {
  static readonly className = 'ConformerBlock';
  private feedForwards!: readonly FeedForward[];
  private norms!: {feedForwards: readonly LayerNorm[]; attention: LayerNorm; final: LayerNorm};
  private attention!: ConformerAttention;
  private convolution!: ConvolutionModule;
  private dropout!: Dropout;

  constructor(config: ConformerBlockConfig & LayerOptions) {
    super(config);
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const shape = firstShape(inputShape);
    const {numHeads, positions, chunkSize, leftChunks, attentionDropout} = this.config;
    const {kernelSize, causal, pointwiseBias, depthwiseBias, padding, convolutionNorm} = this.config;
    const {intermediateSize, dropout = 0, activation = 'silu', normEpsilon: epsilon} = this.config;
    const add = <Child extends VariantLayer>(name: string, layer: Child) => this.child(name, layer, shape);
    const norm = (name: string) => add(name, new LayerNorm({epsilon}));
    const feedForward = (name: string) =>
      add(name, new FeedForward({intermediateSize, activation, dropout}, {up: xavierUniform(), down: xavierUniform()}));
    const names = ['feed_forward_1', 'feed_forward_2'];
    this.feedForwards = names.map(feedForward);
    const attention = {numHeads, positions, chunkSize, leftChunks, dropout: attentionDropout};
    this.attention = add('attention', new ConformerAttention(attention));
    const convolution = {kernelSize, causal, pointwiseBias, depthwiseBias, padding, activation};
    this.convolution = add(
      'convolution',
      new ConvolutionModule({...convolution, norm: convolutionNorm, normEpsilon: epsilon}),
    );
    this.norms = {
      feedForwards: names.map((name) => norm(`${name}_norm`)),
      attention: norm('attention_norm'),
      final: norm('final_norm'),
    };
    this.dropout = add('dropout', new Dropout({rate: dropout}));
  }

  forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return this.compose(
      x,
      (h) => this.attention.forward(h, options),
      (h) => this.convolution.forward(h, options),
      options,
    );
  }

  /**
   * The next frames of a stream, which begin a chunk and, unless they are its last, end one.
   * @param state What the call before gave; null at the start.
   * @param offset Frames that came before.
   */
  advance(x: tf.Tensor, state: StateTree | null, offset: number, options: ForwardOptions): StreamStep {
    const before = state as BlockState | null;
    const after: BlockState = {attention: null, convolution: null};
    const output = this.compose(
      x,
      (h) => {
        const step = this.attention.advance(h, before?.attention ?? null, offset, options);
        after.attention = step.state;
        return step.output;
      },
      (h) => {
        const step = this.convolution.advance(h, before?.convolution ?? null, options);
        after.convolution = step.state;
        return step.output;
      },
      options,
    );
    return {output, state: after};
  }

  private compose(
    x: tf.Tensor,
    attend: (h: tf.Tensor) => tf.Tensor,
    convolve: (h: tf.Tensor) => tf.Tensor,
    run: ForwardOptions,
  ): tf.Tensor {
    const {dropout, norms} = this;
    const {convolutionFirst = false, halfSteps = true} = this.config;
    const fed = (h: tf.Tensor, i: number) => {
      const feed = (normed: tf.Tensor) => {
        const y = this.feedForwards[i].forward(normed, run);
        return halfSteps ? y.mul(0.5) : y;
      };
      return residual(h, feed, {norm: norms.feedForwards[i], dropout, run});
    };
    const attended = (h: tf.Tensor) => residual(h, attend, {norm: norms.attention, dropout, run});
    const convolved = (h: tf.Tensor) => h.add(dropout.forward(convolve(h), run));
    const first = fed(x, 0);
    const mixed = convolutionFirst ? attended(convolved(first)) : convolved(attended(first));
    return norms.final.forward(fed(mixed, 1));
  }
}
tf.serialization.registerClass(ConformerBlock);
