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
import {type LinformerConfig, type LinformerOptions, resolveLinformerConfig} from './config';
import {LinformerMixer, type LinformerMixerConfig} from './linformer-mixer-layer';

// REPLACE: the parts of the block, the stages of the model and their first weights.

/** Options of {@link LinformerBlock}. */
export interface LinformerBlockConfig extends LinformerMixerConfig, ResidualConfig {
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
export class LinformerBlock extends CausalResidualBlock<LinformerBlockConfig> {
  static readonly className = 'LinformerBlock';

  protected parts(): CausalBlockParts {
    const {valueSize, intermediateSize, normEpsilon: epsilon = 1e-5} = this.config;
    return {
      mixer: new LinformerMixer({valueSize}),
      feedForward: new FeedForward({intermediateSize, activation: 'silu', gated: true, useBias: false}),
      norm: () => new RMSNorm({epsilon}),
    };
  }
}
tf.serialization.registerClass(LinformerBlock);

/** A Linformer language model: embedding, blocks, norm, head. */
export class Linformer extends LanguageModel<LinformerConfig> {
  static override readonly className = 'Linformer';
  override layout: CheckpointLayout<LinformerConfig> = authorsLayout;

  constructor(config: LinformerOptions) {
    const complete = resolveLinformerConfig(config);
    super(complete, stages(complete), {name: 'linformer'});
  }
}
tf.serialization.registerClass(Linformer);

function stages(config: LinformerConfig): VariantLayer[] {
  const {vocabSize, hiddenSize, numLayers, normEpsilon: epsilon} = config;
  const embedding = new TokenEmbedding({name: 'embedding', vocabSize, hiddenSize}, normal(0.02));
  return [
    embedding,
    ...Array.from({length: numLayers}, (_, i) => new LinformerBlock({...config, name: `block_${i}`})),
    new RMSNorm({name: 'final_norm', epsilon}),
    config.tieEmbedding
      ? new TiedHead(embedding, {name: 'head'})
      : new Linear({name: 'head', units: vocabSize, useBias: false}, {kernel: normal(0.02)}),
  ];
}

/**
 * A Linformer language model with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function linformer(config: LinformerOptions): Linformer {
  return new Linformer(config);
}

/**
 * A Linformer language model from a checkpoint in the authors' names.
 * @param source Directory, URL, File objects or `{config, weights}`.
 * @param options.config Fields that shall differ from the checkpoint's.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape; nothing is left half-loaded.
 */
export function fromPretrained(
  source: CheckpointSource,
  options: {config?: Partial<LinformerConfig>} = {},
): Promise<Linformer> {
  return loadCheckpoint(source, [authorsLayout], linformer, options);
}
