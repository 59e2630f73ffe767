import * as tf from '@tensorflow/tfjs';
import {
  type CausalBlockParts,
  type CausalLayer,
  CausalResidualBlock,
  FeedForward,
  type Initializer,
  LayerNorm,
  normal,
  type ResidualConfig,
  SelfAttention,
} from '@variants/core';
import {DistilledOperator, type DistilledOperatorConfig} from './distillation/distilled-operator';
import {HyenaOperator, type HyenaOperatorConfig} from './operator-layer';

/** A mixer that is attention. */
interface AttentionConfig {
  attentionHeads: number;
  maxSequenceLength: number;
}

/** Options of {@link HyenaBlock}. */
export interface HyenaBlockConfig extends Pick<ResidualConfig, 'dropout'> {
  /** The mixer: an operator, a distilled one, or attention with so many heads. */
  mixer: HyenaOperatorConfig | DistilledOperatorConfig | AttentionConfig;
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
export class HyenaBlock extends CausalResidualBlock<HyenaBlockConfig> {
  static readonly className = 'HyenaBlock';

  /** Its operator, if that is its mixer and not a distilled one; known when the block was built. */
  operator: HyenaOperator | undefined;

  protected parts(): CausalBlockParts {
    const {intermediateSize, normEpsilon: epsilon, numLayers = 1} = this.config;
    const [inner, outer] = [normal(0.02), normal(0.02 / Math.sqrt(2 * numLayers))];
    const mixer = makeMixer(this.config.mixer, inner, outer);
    if (mixer instanceof HyenaOperator) this.operator = mixer;
    return {
      mixer,
      feedForward: new FeedForward({intermediateSize, activation: 'geluTanh'}, {up: inner, down: outer}),
      norm: () => new LayerNorm({epsilon}),
    };
  }
}
tf.serialization.registerClass(HyenaBlock);

function makeMixer(config: HyenaBlockConfig['mixer'], projections: Initializer, output: Initializer): CausalLayer {
  if ('attentionHeads' in config) {
    const {attentionHeads: numHeads, maxSequenceLength} = config;
    return new SelfAttention({numHeads, maxSequenceLength, fused: true}, {projections, output});
  }
  if ('stateSize' in config) return new DistilledOperator(config, {projections, output});
  return new HyenaOperator(config, {projections, output, filter: projections});
}
