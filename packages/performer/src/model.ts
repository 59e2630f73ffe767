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
import {type PerformerConfig, type PerformerOptions, resolvePerformerConfig} from './config';
import {PerformerMixer, type PerformerMixerConfig} from './performer-mixer-layer';

// REPLACE: the parts of the block, the stages of the model and their first weights.

/** Options of {@link PerformerBlock}. */
export interface PerformerBlockConfig extends PerformerMixerConfig, ResidualConfig {
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
export class PerformerBlock extends CausalResidualBlock<PerformerBlockConfig> {
  static readonly className = 'PerformerBlock';

  protected parts(): CausalBlockParts {
    const {valueSize, intermediateSize, normEpsilon: epsilon = 1e-5} = this.config;
    return {
      mixer: new PerformerMixer({valueSize}),
      feedForward: new FeedForward({intermediateSize, activation: 'silu', gated: true, useBias: false}),
      norm: () => new RMSNorm({epsilon}),
    };
  }
}
tf.serialization.registerClass(PerformerBlock);

/** A Performer language model: embedding, blocks, norm, head. */
export class Performer extends LanguageModel<PerformerConfig> {
  static override readonly className = 'Performer';
  override layout: CheckpointLayout<PerformerConfig> = authorsLayout;

  constructor(config: PerformerOptions) {
    const complete = resolvePerformerConfig(config);
    super(complete, stages(complete), {name: 'performer'});
  }
}
tf.serialization.registerClass(Performer);

function stages(config: PerformerConfig): VariantLayer[] {
  const {vocabSize, hiddenSize, numLayers, normEpsilon: epsilon} = config;
  const embedding = new TokenEmbedding({name: 'embedding', vocabSize, hiddenSize}, normal(0.02));
  return [
    embedding,
    ...Array.from({length: numLayers}, (_, i) => new PerformerBlock({...config, name: `block_${i}`})),
    new RMSNorm({name: 'final_norm', epsilon}),
    config.tieEmbedding
      ? new TiedHead(embedding, {name: 'head'})
      : new Linear({name: 'head', units: vocabSize, useBias: false}, {kernel: normal(0.02)}),
  ];
}

/**
 * A Performer language model with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function performer(config: PerformerOptions): Performer {
  return new Performer(config);
}

/**
 * A Performer language model from a checkpoint in the authors' names.
 * @param source Directory, URL, File objects or `{config, weights}`.
 * @param options.config Fields that shall differ from the checkpoint's.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape; nothing is left half-loaded.
 */
export function fromPretrained(
  source: CheckpointSource,
  options: {config?: Partial<PerformerConfig>} = {},
): Promise<Performer> {
  return loadCheckpoint(source, [authorsLayout], performer, options);
}
