import * as tf from '@tensorflow/tfjs';
import {
  type CausalBlockParts,
  CausalResidualBlock,
  type CheckpointLayout,
  type CheckpointSource,
  FeedForward,
  LanguageModel,
  Linear,
  loadCheckpoint,
  normal,
  type ResidualConfig,
  RMSNorm,
  TiedHead,
  TokenEmbedding,
  type VariantLayer,
} from '@variants/core';
import {authorsLayout} from './checkpoint';
import {resolveTemplateNameConfig, type TemplateNameConfig, type TemplateNameOptions} from './config';
import {TemplateNameMixer, type TemplateNameMixerConfig} from './template-name-mixer-layer';

// REPLACE: the parts of the block, the stages of the model and their first weights.

/** Options of {@link TemplateNameBlock}. */
export interface TemplateNameBlockConfig extends TemplateNameMixerConfig, ResidualConfig {
  /** Width of the feed-forward. */
  intermediateSize: number;
  /** Epsilon of the norms. Default 1e-5. */
  normEpsilon?: number;
}

/**
 * The mixer and a gated feed-forward, each with a norm and a skip connection:
 *
 *     y = x + mixer(norm x);      y + feedForward(norm y)
 */
export class TemplateNameBlock extends CausalResidualBlock<TemplateNameBlockConfig> {
  static readonly className = 'TemplateNameBlock';

  protected parts(): CausalBlockParts {
    const {valueSize, intermediateSize, normEpsilon: epsilon = 1e-5} = this.config;
    return {
      mixer: new TemplateNameMixer({valueSize}),
      feedForward: new FeedForward({intermediateSize, activation: 'silu', gated: true, useBias: false}),
      norm: () => new RMSNorm({epsilon}),
    };
  }
}
tf.serialization.registerClass(TemplateNameBlock);

/** A Template Name language model: embedding, blocks, norm, head. */
export class TemplateName extends LanguageModel<TemplateNameConfig> {
  static override readonly className = 'TemplateName';
  override layout: CheckpointLayout<TemplateNameConfig> = authorsLayout;

  constructor(config: TemplateNameOptions) {
    const complete = resolveTemplateNameConfig(config);
    super(complete, stages(complete), {name: 'template-name'});
  }
}
tf.serialization.registerClass(TemplateName);

function stages(config: TemplateNameConfig): VariantLayer[] {
  const {vocabSize, hiddenSize, numLayers, normEpsilon: epsilon} = config;
  const embedding = new TokenEmbedding({name: 'embedding', vocabSize, hiddenSize}, normal(0.02));
  return [
    embedding,
    ...Array.from({length: numLayers}, (_, i) => new TemplateNameBlock({...config, name: `block_${i}`})),
    new RMSNorm({name: 'final_norm', epsilon}),
    config.tieEmbedding
      ? new TiedHead(embedding, {name: 'head'})
      : new Linear({name: 'head', units: vocabSize, useBias: false}, {kernel: normal(0.02)}),
  ];
}

/**
 * A Template Name language model with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function templateName(config: TemplateNameOptions): TemplateName {
  return new TemplateName(config);
}

/**
 * A Template Name language model from a checkpoint in the authors' names.
 * @param source Directory, URL, File objects or `{config, weights}`.
 * @param options.config Fields that shall differ from the checkpoint's.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape; nothing is left half-loaded.
 */
export function fromPretrained(
  source: CheckpointSource,
  options: {config?: Partial<TemplateNameConfig>} = {},
): Promise<TemplateName> {
  return loadCheckpoint(source, [authorsLayout], templateName, options);
}
