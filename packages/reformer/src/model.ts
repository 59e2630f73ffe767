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
import {type ReformerConfig, type ReformerOptions, resolveReformerConfig} from './config';
import {ReformerMixer, type ReformerMixerConfig} from './reformer-mixer-layer';

// REPLACE: the parts of the block, the stages of the model and their first weights.

/** Options of {@link ReformerBlock}. */
export interface ReformerBlockConfig extends ReformerMixerConfig, ResidualConfig {
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
export class ReformerBlock extends CausalResidualBlock<ReformerBlockConfig> {
  static readonly className = 'ReformerBlock';

  protected parts(): CausalBlockParts {
    const {valueSize, intermediateSize, normEpsilon: epsilon = 1e-5} = this.config;
    return {
      mixer: new ReformerMixer({valueSize}),
      feedForward: new FeedForward({intermediateSize, activation: 'silu', gated: true, useBias: false}),
      norm: () => new RMSNorm({epsilon}),
    };
  }
}
tf.serialization.registerClass(ReformerBlock);

/** A Reformer language model: embedding, blocks, norm, head. */
export class Reformer extends LanguageModel<ReformerConfig> {
  static override readonly className = 'Reformer';
  override layout: CheckpointLayout<ReformerConfig> = authorsLayout;

  constructor(config: ReformerOptions) {
    const complete = resolveReformerConfig(config);
    super(complete, stages(complete), {name: 'reformer'});
  }
}
tf.serialization.registerClass(Reformer);

function stages(config: ReformerConfig): VariantLayer[] {
  const {vocabSize, hiddenSize, numLayers, normEpsilon: epsilon} = config;
  const embedding = new TokenEmbedding({name: 'embedding', vocabSize, hiddenSize}, normal(0.02));
  return [
    embedding,
    ...Array.from({length: numLayers}, (_, i) => new ReformerBlock({...config, name: `block_${i}`})),
    new RMSNorm({name: 'final_norm', epsilon}),
    config.tieEmbedding
      ? new TiedHead(embedding, {name: 'head'})
      : new Linear({name: 'head', units: vocabSize, useBias: false}, {kernel: normal(0.02)}),
  ];
}

/**
 * A Reformer language model with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function reformer(config: ReformerOptions): Reformer {
  return new Reformer(config);
}

/**
 * A Reformer language model from a checkpoint in the authors' names.
 * @param source Directory, URL, File objects or `{config, weights}`.
 * @param options.config Fields that shall differ from the checkpoint's.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape; nothing is left half-loaded.
 */
export function fromPretrained(
  source: CheckpointSource,
  options: {config?: Partial<ReformerConfig>} = {},
): Promise<Reformer> {
  return loadCheckpoint(source, [authorsLayout], reformer, options);
}
