import * as tf from '@tensorflow/tfjs';
import {type CheckpointLayout, LanguageModel, transformerStages, transformerStyles} from '@variants/core';
import {layouts} from './checkpoints';
import {resolveTransformerConfig, type TransformerConfig, type TransformerOptions} from './config';

/** A decoder-only Transformer language model: embedding, blocks, norm, head; core's `transformerStages` has the mathematics. */
export class Transformer extends LanguageModel<TransformerConfig> {
  static override readonly className = 'Transformer';
  override layout: CheckpointLayout<TransformerConfig>;

  constructor(config: TransformerOptions) {
    const complete = resolveTransformerConfig(config);
    super(complete, transformerStages(complete, transformerStyles[complete.family]), {
      name: 'transformer',
      beyondStates: ['layout'],
    });
    this.layout = layouts[complete.layout];
  }
}
tf.serialization.registerClass(Transformer);

/**
 * A decoder-only Transformer language model with fresh weights, LLaMA style unless `family` says 'gpt2'.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function transformer(config: TransformerOptions): Transformer {
  return new Transformer(config);
}
