import * as tf from '@tensorflow/tfjs';
import {
  FeedForward,
  LayerNorm,
  normal,
  ResidualBlock,
  type ResidualBlockParts,
  type ResidualConfig,
  SelfAttention,
} from '@variants/core';
import {HyenaOperator, type HyenaOperatorConfig} from './operator-layer';

/** Options of {@link HyenaBlock}. */
export interface HyenaBlockConfig extends Pick<ResidualConfig, 'dropout'> {
  /** The mixer: an operator, or attention with so many heads. */
  mixer: HyenaOperatorConfig | {attentionHeads: number; maxSequenceLength: number};
  intermediateSize: number;
  /** Default 1e-5. */
  normEpsilon?: number;
  /** Layers of the model, which the first output weights shrink with. Default 1. */
  numLayers?: number;
}

/**
 * A Hyena operator, or attention, and a feed-forward, each with a norm and a skip connection:
 *
 *     x = x + mixer(norm x);      x + W_2 gelu(W_1 norm x)
 */
export class HyenaBlock extends ResidualBlock<HyenaBlockConfig> {
  static readonly className = 'HyenaBlock';

  protected parts(): ResidualBlockParts {
    const {mixer, intermediateSize, normEpsilon: epsilon, numLayers = 1} = this.config;
    const [inner, outer] = [normal(0.02), normal(0.02 / Math.sqrt(2 * numLayers))];
    return {
      mixer:
        'attentionHeads' in mixer
          ? new SelfAttention(
              {numHeads: mixer.attentionHeads, fused: true, maxSequenceLength: mixer.maxSequenceLength},
              {projections: inner, output: outer},
            )
          : new HyenaOperator(mixer, {projections: inner, output: outer, filter: inner}),
      feedForward: new FeedForward({intermediateSize, activation: 'geluTanh'}, {up: inner, down: outer}),
      norm: () => new LayerNorm({epsilon}),
    };
  }
}
tf.serialization.registerClass(HyenaBlock);
