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
import {type MegabyteConfig, type MegabyteOptions, resolveMegabyteConfig} from './config';
import {MegabyteMixer, type MegabyteMixerConfig} from './megabyte-mixer-layer';

// REPLACE: the parts of the block, the stages of the model and their first weights.

/** Options of {@link MegabyteBlock}. */
export interface MegabyteBlockConfig extends MegabyteMixerConfig, ResidualConfig {
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
export class MegabyteBlock extends CausalResidualBlock<MegabyteBlockConfig> {
  static readonly className = 'MegabyteBlock';

  protected parts(): CausalBlockParts {
    const {valueSize, intermediateSize, normEpsilon: epsilon = 1e-5} = this.config;
    return {
      mixer: new MegabyteMixer({valueSize}),
      feedForward: new FeedForward({intermediateSize, activation: 'silu', gated: true, useBias: false}),
      norm: () => new RMSNorm({epsilon}),
    };
  }
}
tf.serialization.registerClass(MegabyteBlock);

/** A Megabyte language model: embedding, blocks, norm, head. */
export class Megabyte extends LanguageModel<MegabyteConfig> {
  static override readonly className = 'Megabyte';
  override layout: CheckpointLayout<MegabyteConfig> = authorsLayout;

  constructor(config: MegabyteOptions) {
    const complete = resolveMegabyteConfig(config);
    super(complete, stages(complete), {name: 'megabyte'});
  }
}
tf.serialization.registerClass(Megabyte);

function stages(config: MegabyteConfig): VariantLayer[] {
  const {vocabSize, hiddenSize, numLayers, normEpsilon: epsilon} = config;
  const embedding = new TokenEmbedding({name: 'embedding', vocabSize, hiddenSize}, normal(0.02));
  return [
    embedding,
    ...Array.from({length: numLayers}, (_, i) => new MegabyteBlock({...config, name: `block_${i}`})),
    new RMSNorm({name: 'final_norm', epsilon}),
    config.tieEmbedding
      ? new TiedHead(embedding, {name: 'head'})
      : new Linear({name: 'head', units: vocabSize, useBias: false}, {kernel: normal(0.02)}),
  ];
}

/**
 * A Megabyte language model with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function megabyte(config: MegabyteOptions): Megabyte {
  return new Megabyte(config);
}

/**
 * A Megabyte language model from a checkpoint in the authors' names.
 * @param source Directory, URL, File objects or `{config, weights}`.
 * @param options.config Fields that shall differ from the checkpoint's.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape; nothing is left half-loaded.
 */
export function fromPretrained(
  source: CheckpointSource,
  options: {config?: Partial<MegabyteConfig>} = {},
): Promise<Megabyte> {
  return loadCheckpoint(source, [authorsLayout], megabyte, options);
}
