import * as tf from '@tensorflow/tfjs';
import {type CausalBlockParts, CausalResidualBlock, LayerNorm, type ResidualConfig} from '@variants/core';
import {MonarchFeedForward, type MonarchFeedForwardConfig} from './feed-forward';
import {SequenceMixer, type SequenceMixerConfig} from './sequence-mixer';

/** Options of {@link MonarchBlock}. */
export interface MonarchBlockConfig
  extends Omit<SequenceMixerConfig, 'bidirectional' | 'trainingAdditions'>,
    MonarchFeedForwardConfig,
    ResidualConfig {
  /** Of the norms. Default 1e-5. */
  normEpsilon?: number;
}

/**
 * Both mixers, each with a norm and a skip connection, as a GPT has attention and feed-forward:
 *
 *     y = x + sequenceMixer(norm x);      y + feedForward(norm y)
 */
export class MonarchBlock extends CausalResidualBlock<MonarchBlockConfig> {
  static readonly className = 'MonarchBlock';

  protected parts(): CausalBlockParts {
    const {intermediateSize, numBlocks, gated, normEpsilon: epsilon = 1e-5, dropout: _, ...mixer} = this.config;
    return {
      mixer: new SequenceMixer(mixer),
      feedForward: new MonarchFeedForward({intermediateSize, numBlocks, gated}),
      norm: () => new LayerNorm({epsilon}),
    };
  }
}
tf.serialization.registerClass(MonarchBlock);
