import * as tf from '@tensorflow/tfjs';
import {type CheckpointLayout, MaskedLanguageModel} from '@variants/core';
import {maskedLayout} from './checkpoints/layouts';
import {type LinformerConfig, type LinformerOptions, resolveLinformerConfig} from './config';
import {embeddingsOf, encoderLayers, tokenHeadLayers} from './stages';

/**
 * Linformer as a masked language model: the logits of a token depend on all others but padding. There is no causal one, as
 * every slot that a token attends to holds all positions, also those behind it.
 */
export class Linformer extends MaskedLanguageModel<LinformerConfig> {
  static override readonly className = 'Linformer';
  override layout: CheckpointLayout<LinformerConfig> = maskedLayout;

  constructor(options: LinformerOptions) {
    const config = resolveLinformerConfig(options);
    const {padToken, masksPadding: masksBackbone} = config;
    const embeddings = embeddingsOf(config);
    const layers = [embeddings, ...encoderLayers(config), ...tokenHeadLayers(config, embeddings)];
    const [backbone, [head]] = [layers.slice(0, -1), layers.slice(-1)];
    super(config, {backbone, head, padToken, masksBackbone}, {name: 'linformer'});
  }
}
tf.serialization.registerClass(Linformer);

/**
 * A Linformer with fresh weights and a head for hidden tokens.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function linformer(config: LinformerOptions): Linformer {
  return new Linformer(config);
}
