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
import {type ConformerConfig, type ConformerOptions, resolveConformerConfig} from './config';
import {ConformerMixer, type ConformerMixerConfig} from './conformer-mixer-layer';

// REPLACE: the parts of the block, the stages of the model and their first weights.

/** Options of {@link ConformerBlock}. */
export interface ConformerBlockConfig extends ConformerMixerConfig, ResidualConfig {
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
export class ConformerBlock extends CausalResidualBlock<ConformerBlockConfig> {
  static readonly className = 'ConformerBlock';

  protected parts(): CausalBlockParts {
    const {valueSize, intermediateSize, normEpsilon: epsilon = 1e-5} = this.config;
    return {
      mixer: new ConformerMixer({valueSize}),
      feedForward: new FeedForward({intermediateSize, activation: 'silu', gated: true, useBias: false}),
      norm: () => new RMSNorm({epsilon}),
    };
  }
}
tf.serialization.registerClass(ConformerBlock);

/** A Conformer language model: embedding, blocks, norm, head. */
export class Conformer extends LanguageModel<ConformerConfig> {
  static override readonly className = 'Conformer';
  override layout: CheckpointLayout<ConformerConfig> = authorsLayout;

  constructor(config: ConformerOptions) {
    const complete = resolveConformerConfig(config);
    super(complete, stages(complete), {name: 'conformer'});
  }
}
tf.serialization.registerClass(Conformer);

function stages(config: ConformerConfig): VariantLayer[] {
  const {vocabSize, hiddenSize, numLayers, normEpsilon: epsilon} = config;
  const embedding = new TokenEmbedding({name: 'embedding', vocabSize, hiddenSize}, normal(0.02));
  return [
    embedding,
    ...Array.from({length: numLayers}, (_, i) => new ConformerBlock({...config, name: `block_${i}`})),
    new RMSNorm({name: 'final_norm', epsilon}),
    config.tieEmbedding
      ? new TiedHead(embedding, {name: 'head'})
      : new Linear({name: 'head', units: vocabSize, useBias: false}, {kernel: normal(0.02)}),
  ];
}

/**
 * A Conformer language model with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function conformer(config: ConformerOptions): Conformer {
  return new Conformer(config);
}

/**
 * A Conformer language model from a checkpoint in the authors' names.
 * @param source Directory, URL, File objects or `{config, weights}`.
 * @param options.config Fields that shall differ from the checkpoint's.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape; nothing is left half-loaded.
 */
export function fromPretrained(
  source: CheckpointSource,
  options: {config?: Partial<ConformerConfig>} = {},
): Promise<Conformer> {
  return loadCheckpoint(source, [authorsLayout], conformer, options);
}
