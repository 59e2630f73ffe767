import * as tf from '@tensorflow/tfjs';
import {type CausalBlockParts, CausalResidualBlock, FeedForward, LayerNorm, type ResidualConfig} from '@variants/core';
import {type AnyMixerConfig, createMixer} from './mixers/mixer';

/** Options of {@link AftBlock}. */
export interface AftBlockConfig extends AnyMixerConfig, Pick<ResidualConfig, 'dropout'> {
  /** Width of the feed-forward. */
  intermediateSize: number;
  /** Of the norms. Default 1e-5. */
  normEpsilon?: number;
}

/**
 * A mixer of AFT and a feed-forward, each with a norm before it and a skip connection (Zhai et al. 2021, section 5):
 *
 *     x = x + aft(norm x);      x + W2 gelu(W1 norm x)
 *
 * [batch, ..., hidden] to the same.
 */
export class AftBlock extends CausalResidualBlock<AftBlockConfig> {
  static readonly className = 'AftBlock';

  protected parts(): CausalBlockParts {
    const {intermediateSize, normEpsilon: epsilon = 1e-5} = this.config;
    return {
      mixer: createMixer({...this.config, name: 'mixer'}),
      feedForward: new FeedForward({intermediateSize, activation: 'gelu'}),
      norm: () => new LayerNorm({epsilon}),
    };
  }
}
tf.serialization.registerClass(AftBlock);
