import * as tf from '@tensorflow/tfjs';
import {type CheckpointLayout, LanguageModel} from '@variants/core';
import {languageModelLayers} from './backbone';
import {huggingFace} from './checkpoints/huggingface';
import {safari} from './checkpoints/safari';
import {countParameters, type HyenaConfig, type HyenaOptions, resolveConfig} from './config';

/** A Hyena language model: embedding, blocks, norm, head. */
export class Hyena extends LanguageModel<HyenaConfig> {
  static override readonly className = 'Hyena';
  override layout: CheckpointLayout<HyenaConfig>;

  constructor(config: HyenaOptions) {
    const complete = resolveConfig(config);
    super(complete, languageModelLayers(complete), {name: 'hyena', parameters: countParameters(complete)});
    this.layout = complete.tieEmbedding ? safari : huggingFace;
  }
}
tf.serialization.registerClass(Hyena);

/**
 * A Hyena language model with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function hyena(config: HyenaOptions): Hyena {
  return new Hyena(config);
}
