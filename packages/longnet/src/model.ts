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
import {type LongnetConfig, type LongnetOptions, resolveLongnetConfig} from './config';
import {LongnetMixer, type LongnetMixerConfig} from './longnet-mixer-layer';

// REPLACE: the parts of the block, the stages of the model and their first weights.

/** Options of {@link LongnetBlock}. */
export interface LongnetBlockConfig extends LongnetMixerConfig, ResidualConfig {
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
export class LongnetBlock extends CausalResidualBlock<LongnetBlockConfig> {
  static readonly className = 'LongnetBlock';

  protected parts(): CausalBlockParts {
    const {valueSize, intermediateSize, normEpsilon: epsilon = 1e-5} = this.config;
    return {
      mixer: new LongnetMixer({valueSize}),
      feedForward: new FeedForward({intermediateSize, activation: 'silu', gated: true, useBias: false}),
      norm: () => new RMSNorm({epsilon}),
    };
  }
}
tf.serialization.registerClass(LongnetBlock);

/** A Longnet language model: embedding, blocks, norm, head. */
export class Longnet extends LanguageModel<LongnetConfig> {
  static override readonly className = 'Longnet';
  override layout: CheckpointLayout<LongnetConfig> = authorsLayout;

  constructor(config: LongnetOptions) {
    const complete = resolveLongnetConfig(config);
    super(complete, stages(complete), {name: 'longnet'});
  }
}
tf.serialization.registerClass(Longnet);

function stages(config: LongnetConfig): VariantLayer[] {
  const {vocabSize, hiddenSize, numLayers, normEpsilon: epsilon} = config;
  const embedding = new TokenEmbedding({name: 'embedding', vocabSize, hiddenSize}, normal(0.02));
  return [
    embedding,
    ...Array.from({length: numLayers}, (_, i) => new LongnetBlock({...config, name: `block_${i}`})),
    new RMSNorm({name: 'final_norm', epsilon}),
    config.tieEmbedding
      ? new TiedHead(embedding, {name: 'head'})
      : new Linear({name: 'head', units: vocabSize, useBias: false}, {kernel: normal(0.02)}),
  ];
}

/**
 * A Longnet language model with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function longnet(config: LongnetOptions): Longnet {
  return new Longnet(config);
}

/**
 * A Longnet language model from a checkpoint in the authors' names.
 * @param source Directory, URL, File objects or `{config, weights}`.
 * @param options.config Fields that shall differ from the checkpoint's.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape; nothing is left half-loaded.
 */
export function fromPretrained(
  source: CheckpointSource,
  options: {config?: Partial<LongnetConfig>} = {},
): Promise<Longnet> {
  return loadCheckpoint(source, [authorsLayout], longnet, options);
}
