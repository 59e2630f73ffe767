import * as tf from '@tensorflow/tfjs';
import {RMSNorm} from '@variants/core';
import {BlockStack} from './block-stack';
import {normEpsilon, StageBlock, type StageBlockConfig} from './stage-block';

/** Options of {@link StageTransformer}. */
export interface StageTransformerConfig extends StageBlockConfig {
  /** Number of blocks. */
  numLayers: number;
}

/** {@link StageBlock}s and a last norm, [batch, time, hidden] to the same. Children `block_0`, ..., `final_norm`. */
export class StageTransformer extends BlockStack<StageTransformerConfig> {
  static readonly className = 'MegabyteStageTransformer';

  protected override block(): StageBlock {
    const {numHeads, headSize, intermediateSize, rotary, dropout, attentionDropout, maxSequenceLength} = this.config;
    return new StageBlock({
      ...{numHeads, headSize, intermediateSize, rotary, dropout, attentionDropout, maxSequenceLength},
    });
  }

  protected override norm(): RMSNorm {
    return new RMSNorm({epsilon: normEpsilon});
  }
}
tf.serialization.registerClass(StageTransformer);
