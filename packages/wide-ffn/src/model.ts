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
import {resolveWideFfnConfig, type WideFfnConfig, type WideFfnOptions} from './config';
import {WideFfnMixer, type WideFfnMixerConfig} from './wide-ffn-mixer-layer';

// REPLACE: the parts of the block, the stages of the model and their first weights.

/** Options of {@link WideFfnBlock}. */
export interface WideFfnBlockConfig extends WideFfnMixerConfig, ResidualConfig {
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
export class WideFfnBlock extends CausalResidualBlock<WideFfnBlockConfig> {
  static readonly className = 'WideFfnBlock';

  protected parts(): CausalBlockParts {
    const {valueSize, intermediateSize, normEpsilon: epsilon = 1e-5} = this.config;
    return {
      mixer: new WideFfnMixer({valueSize}),
      feedForward: new FeedForward({intermediateSize, activation: 'silu', gated: true, useBias: false}),
      norm: () => new RMSNorm({epsilon}),
    };
  }
}
tf.serialization.registerClass(WideFfnBlock);

/** A Wide Ffn language model: embedding, blocks, norm, head. */
export class WideFfn extends LanguageModel<WideFfnConfig> {
  static override readonly className = 'WideFfn';
  override layout: CheckpointLayout<WideFfnConfig> = authorsLayout;

  constructor(config: WideFfnOptions) {
    const complete = resolveWideFfnConfig(config);
    super(complete, stages(complete), {name: 'wide-ffn'});
  }
}
tf.serialization.registerClass(WideFfn);

function stages(config: WideFfnConfig): VariantLayer[] {
  const {vocabSize, hiddenSize, numLayers, normEpsilon: epsilon} = config;
  const embedding = new TokenEmbedding({name: 'embedding', vocabSize, hiddenSize}, normal(0.02));
  return [
    embedding,
    ...Array.from({length: numLayers}, (_, i) => new WideFfnBlock({...config, name: `block_${i}`})),
    new RMSNorm({name: 'final_norm', epsilon}),
    config.tieEmbedding
      ? new TiedHead(embedding, {name: 'head'})
      : new Linear({name: 'head', units: vocabSize, useBias: false}, {kernel: normal(0.02)}),
  ];
}

/**
 * A Wide Ffn language model with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function wideFfn(config: WideFfnOptions): WideFfn {
  return new WideFfn(config);
}

/**
 * A Wide Ffn language model from a checkpoint in the authors' names.
 * @param source Directory, URL, File objects or `{config, weights}`.
 * @param options.config Fields that shall differ from the checkpoint's.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape; nothing is left half-loaded.
 */
export function fromPretrained(
  source: CheckpointSource,
  options: {config?: Partial<WideFfnConfig>} = {},
): Promise<WideFfn> {
  return loadCheckpoint(source, [authorsLayout], wideFfn, options);
}
