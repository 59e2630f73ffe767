import * as tf from '@tensorflow/tfjs';
import {type CheckpointLayout, MaskedLanguageModel} from '@variants/core';
import {maskedLayout} from './checkpoints/layouts';
import {type PerformerMaskedConfig, type PerformerMaskedOptions, resolvePerformerMaskedConfig} from './config';
import {stackLayers, tokenHead, tokenTable} from './stages';

/** A Performer that looks both ways, as a masked language model: the logits of a token depend on all others but padding. */
export class PerformerMasked extends MaskedLanguageModel<PerformerMaskedConfig> {
  static override readonly className = 'PerformerMasked';
  override layout: CheckpointLayout<PerformerMaskedConfig> = maskedLayout;

  constructor(options: PerformerMaskedOptions) {
    const config = resolvePerformerMaskedConfig(options);
    const {vocabSize, hiddenSize, tieEmbedding, padToken} = config;
    const embedding = tokenTable('embedding', vocabSize, hiddenSize, tieEmbedding);
    const backbone = [embedding, ...stackLayers('both-ways', config)];
    super(config, {backbone, head: tokenHead(embedding, config), padToken}, {name: 'performer-masked'});
  }
}
tf.serialization.registerClass(PerformerMasked);

/**
 * A Performer that looks both ways, with fresh weights and a head for hidden tokens.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function performerMasked(config: PerformerMaskedOptions): PerformerMasked {
  return new PerformerMasked(config);
}
