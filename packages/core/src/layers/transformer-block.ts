import * as tf from '@tensorflow/tfjs';
import type {Activation} from './activations';
import {FeedForward} from './feed-forward';
import {normal} from './initializers';
import type {VariantLayer} from './layer';
import {LayerNorm, RMSNorm} from './norms';
import type {ResidualConfig} from './residual';
import {type CausalBlockParts, CausalResidualBlock} from './residual-block';
import {SelfAttention, type SelfAttentionConfig} from './self-attention';

/** Options of {@link TransformerBlock}. */
export interface TransformerBlockConfig extends ResidualConfig {
  /** Options of the mixer, which is core's SelfAttention. */
  attention: SelfAttentionConfig;
  /** Width of the feed-forward. */
  intermediateSize: number;
  /** Of the feed-forward. Default 'gelu'. */
  activation?: Activation;
  /** Gated feed-forward and RMSNorm, as in LLaMA. Default false: LayerNorm and no gate, as in GPT-2. */
  gated?: boolean;
  /** Biases in the feed-forward. Default true. */
  feedForwardBias?: boolean;
  /** Biases in the norms, unless gated. Default true. */
  normBias?: boolean;
  /** Epsilon of the norms. Default 1e-5. */
  normEpsilon?: number;
  /** Blocks of the model, by whose root the first output projections are smaller. Default 1. */
  numLayers?: number;
}

/**
 * Causal attention and a feed-forward, each with a norm and a skip connection, [batch, time, hidden] to the same:
 *
 *     x = x + attention(norm x);    x = x + feedForward(norm x)
 *
 * GPT-2's where it is not gated, LLaMA's where it is.
 */
export class TransformerBlock extends CausalResidualBlock<TransformerBlockConfig> {
  static readonly className = 'TransformerBlock';

  protected parts(): CausalBlockParts {
    const {
      attention,
      intermediateSize,
      activation,
      gated = false,
      feedForwardBias: useBias,
      numLayers = 1,
    } = this.config;
    const {normEpsilon: epsilon = 1e-5, normBias} = this.config;
    const inner = normal(0.02);
    const output = normal(0.02 / Math.sqrt(2 * numLayers));
    return {
      mixer: new SelfAttention(attention, {projections: inner, output}),
      feedForward: new FeedForward(
        {intermediateSize, activation, gated, useBias},
        {up: inner, gate: inner, down: output},
      ),
      norm: () => makeNorm(gated, epsilon, normBias),
    };
  }
}
tf.serialization.registerClass(TransformerBlock);

/** RMSNorm, or LayerNorm. */
export function makeNorm(rms: boolean, epsilon: number, useBias?: boolean, name?: string): VariantLayer {
  return rms ? new RMSNorm({name, epsilon}) : new LayerNorm({name, epsilon, useBias});
}
