import * as tf from '@tensorflow/tfjs';
import {
  type CheckpointLayout,
  LanguageModel,
  LayerNorm,
  Linear,
  normal,
  TiedHead,
  TokenEmbedding,
  type VariantLayer,
} from '@variants/core';
import {MonarchBlock} from './block';
import {causalLayout} from './checkpoints/causal';
import {countParameters, type MonarchMixerConfig, type MonarchMixerOptions, resolveConfig} from './config';

/** A causal Monarch Mixer: embedding, blocks, norm, head. */
export class MonarchMixer extends LanguageModel<MonarchMixerConfig> {
  static override readonly className = 'MonarchMixer';
  override layout: CheckpointLayout<MonarchMixerConfig> = causalLayout;

  constructor(options: MonarchMixerOptions) {
    const config = resolveConfig(options);
    super(config, stages(config), {name: 'monarch_mixer', parameters: countParameters(config)});
  }
}
tf.serialization.registerClass(MonarchMixer);

function stages(config: MonarchMixerConfig): VariantLayer[] {
  const {vocabSize, hiddenSize, numLayers, tieEmbedding, normEpsilon: epsilon} = config;
  const embedding = new TokenEmbedding({name: 'embedding', vocabSize, hiddenSize});
  return [
    embedding,
    ...Array.from({length: numLayers}, (_, i) => new MonarchBlock({...config, name: `block_${i}`})),
    new LayerNorm({name: 'final_norm', epsilon}),
    tieEmbedding
      ? new TiedHead(embedding, {name: 'head'})
      : new Linear({name: 'head', units: vocabSize, useBias: false}, {kernel: normal(0.02)}),
  ];
}

/**
 * A causal Monarch Mixer with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function monarchMixer(config: MonarchMixerOptions): MonarchMixer {
  return new MonarchMixer(config);
}
