import * as tf from '@tensorflow/tfjs';
import {Dropout, type ForwardOptions, LayerNorm, residual, VariantLayer} from '@variants/core';
import {MonarchFeedForward, type MonarchFeedForwardConfig} from '../feed-forward';
import {SequenceMixer, type SequenceMixerConfig} from '../sequence-mixer';

/** Options of {@link M2BertLayer}. */
export interface M2BertLayerConfig extends SequenceMixerConfig, MonarchFeedForwardConfig {
  /** Of the norm behind the feed-forward. Default 1e-12. */
  normEpsilon?: number;
}

/**
 * A layer of M2-BERT, [batch, time, hidden] to the same:
 *
 *     h = mixer(x);      norm(h + feedForward(h))
 *
 * There is no skip connection around the mixer. Padding is mixed as tokens are. Children `mixer`, `feed_forward`, `norm`.
 */
export class M2BertLayer extends VariantLayer<M2BertLayerConfig> {
  static readonly className = 'M2BertLayer';
  private mixer!: SequenceMixer;
  private feedForward!: MonarchFeedForward;
  private norm!: LayerNorm;
  private dropout!: Dropout;

  override build(inputShape: tf.Shape): void {
    const {intermediateSize, numBlocks, gated, normEpsilon = 1e-12, bidirectional = true, ...mixer} = this.config;
    const {dropout: rate = 0} = mixer;
    this.mixer = this.child('mixer', new SequenceMixer({...mixer, bidirectional}), inputShape);
    const feedForward = new MonarchFeedForward({intermediateSize, numBlocks, gated});
    this.feedForward = this.child('feed_forward', feedForward, inputShape);
    this.norm = this.child('norm', new LayerNorm({epsilon: normEpsilon}), inputShape);
    this.dropout = this.child('dropout', new Dropout({rate}), inputShape);
  }

  forward(x: tf.Tensor, {attentionMask: _, ...options}: ForwardOptions): tf.Tensor {
    const {norm, dropout} = this;
    const mixed = this.mixer.forward(x, options);
    const feed = (h: tf.Tensor) => this.feedForward.forward(h);
    return residual(mixed, feed, {norm, dropout, normalization: 'post', run: options});
  }
}
tf.serialization.registerClass(M2BertLayer);
