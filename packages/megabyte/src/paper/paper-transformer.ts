import * as tf from '@tensorflow/tfjs';
import {LayerNorm, TransformerBlock} from '@variants/core';
import {BlockStack, type BlockStackConfig} from '../block-stack';

/** Options of {@link PaperTransformer}. */
export interface PaperTransformerConfig extends BlockStackConfig {
  /** Heads of attention. */
  numHeads: number;
  /** Width of the feed-forwards. */
  intermediateSize: number;
  /** Epsilon of the norms. Default 1e-5. */
  normEpsilon?: number;
  /** Dropout of blocks and of attention. Default 0. */
  dropout?: number;
}

/**
 * The Transformer of the paper's global and local model, [batch, time, hidden] to the same, and a last norm:
 *
 *     x = x + attention(LN x);      x = x + W2 relu(W1 LN x)
 *
 * Children `block_0` (core's TransformerBlock), ..., `final_norm`.
 */
export class PaperTransformer extends BlockStack<PaperTransformerConfig> {
  static readonly className = 'MegabytePaperTransformer';

  protected override block(): TransformerBlock {
    const {numLayers, numHeads, intermediateSize, normEpsilon, dropout, maxSequenceLength} = this.config;
    const attention = {numHeads, dropout, maxSequenceLength};
    return new TransformerBlock({attention, intermediateSize, activation: 'relu', normEpsilon, dropout, numLayers});
  }

  protected override norm(): LayerNorm {
    return new LayerNorm({epsilon: this.config.normEpsilon});
  }
}
tf.serialization.registerClass(PaperTransformer);
