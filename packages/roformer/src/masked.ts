import * as tf from '@tensorflow/tfjs';
import {type CheckpointLayout, type EncodeOptions, MaskedLanguageModel, type TokenInput} from '@variants/core';
import {RoFormerBlock} from './blocks';
import {maskedLayout} from './checkpoints/layouts';
import {type RoFormerMaskedConfig, type RoFormerMaskedOptions, resolveRoFormerMaskedConfig} from './config';
import {blockLayers, embeddingLayers, tokenHead} from './layers';

/** RoFormer, or RoFormer-V2, as a masked language model: the logits of a token depend on all others but padding. */
export class RoFormerMasked extends MaskedLanguageModel<RoFormerMaskedConfig> {
  static override readonly className = 'RoFormerMasked';
  override layout: CheckpointLayout<RoFormerMaskedConfig> = maskedLayout;

  constructor(options: RoFormerMaskedOptions) {
    const config = resolveRoFormerMaskedConfig(options);
    const [embeddings, ...projection] = embeddingLayers(config);
    const blocks = blockLayers(config, (block) => new RoFormerBlock(block));
    const backbone = [embeddings, ...projection, ...blocks];
    const parts = {backbone, head: tokenHead(config, embeddings), padToken: config.padToken};
    super(config, parts, {name: 'roformer-masked'});
  }

  /**
   * How much of each position every other takes in each block, [batch, heads, time, time]; rows add up to 1. The caller
   * disposes them.
   */
  attentions(tokens: TokenInput, options: EncodeOptions = {}): tf.Tensor[] {
    return tf.tidy(() => {
      const weights: tf.Tensor[] = [];
      this.read(this.inputsOf(tokens), this.runOptions(options), (layer, x, at) => {
        if (layer instanceof RoFormerBlock) weights.push(layer.attentionWeights(x, at));
        return layer.pass(x, at);
      });
      return weights;
    });
  }
}
tf.serialization.registerClass(RoFormerMasked);

/**
 * A RoFormer with fresh weights and a head for hidden tokens.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function roformerMasked(config: RoFormerMaskedOptions): RoFormerMasked {
  return new RoFormerMasked(config);
}
