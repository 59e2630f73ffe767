import * as tf from '@tensorflow/tfjs';
import {type CheckpointLayout, LanguageModel} from '@variants/core';
import {causalLayout} from './checkpoints/layouts';
import {type PerformerConfig, type PerformerOptions, resolvePerformerConfig} from './config';
import {stackLayers, tokenHead, tokenTable} from './stages';

/** A causal Performer: embedding, positions, blocks, norm, head. A stream remembers no more however long it is. */
export class Performer extends LanguageModel<PerformerConfig> {
  static override readonly className = 'Performer';
  override layout: CheckpointLayout<PerformerConfig> = causalLayout;

  constructor(options: PerformerOptions) {
    const config = resolvePerformerConfig(options);
    const {vocabSize, hiddenSize, tieEmbedding} = config;
    const embedding = tokenTable('embedding', vocabSize, hiddenSize, tieEmbedding);
    const stages = [embedding, ...stackLayers('causal', config), tokenHead(embedding, config)];
    super(config, stages, {name: 'performer', beyondStates: ['redrawInterval', 'stabilizer', 'chunkSize']});
  }
}
tf.serialization.registerClass(Performer);

/**
 * A causal Performer with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function performer(config: PerformerOptions): Performer {
  return new Performer(config);
}
