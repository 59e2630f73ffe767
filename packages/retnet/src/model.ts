import * as tf from '@tensorflow/tfjs';
import {
  type CausalBlockParts,
  CausalResidualBlock,
  type CheckpointLayout,
  type CheckpointSource,
  FeedForward,
  type Initializer,
  LanguageModel,
  Linear,
  linearUniform,
  loadCheckpoint,
  normal,
  type ResidualConfig,
  RMSNorm,
  TiedHead,
  TokenEmbedding,
  type VariantLayer,
} from '@variants/core';
import {torchscale} from './checkpoint';
import {type RetNetConfig, type RetNetOptions, resolveRetNetConfig} from './config';
import {Retention, type RetentionConfig} from './retention-layer';

/** Options of {@link RetNetBlock}. */
export interface RetNetBlockConfig extends RetentionConfig, ResidualConfig {
  /** Width of the feed-forward. */
  intermediateSize: number;
  /** Of the feed-forward. Default 'silu'. */
  activation?: RetNetConfig['activation'];
  /** A gated feed-forward without biases, else two projections with biases. Default true. */
  gated?: boolean;
}

/**
 * Retention and a feed-forward, each with a norm and a skip connection (Sun et al. 2023, equation 9):
 *
 *     y = x + retention(norm x);      y + feedForward(norm y)
 */
export class RetNetBlock extends CausalResidualBlock<RetNetBlockConfig> {
  static readonly className = 'RetNetBlock';

  protected parts(): CausalBlockParts {
    const {numHeads, valueSize, form, chunkSize, chunkNormalizer, decays} = this.config;
    const {normEpsilon = 1e-6, initialDivisor = 1, intermediateSize, activation = 'silu', gated = true} = this.config;
    const kernel: Initializer = (shape, random) => linearUniform(shape, random).map((w) => w / initialDivisor);
    return {
      mixer: new Retention({
        ...{numHeads, valueSize, form, chunkSize, chunkNormalizer, decays, normEpsilon, initialDivisor},
      }),
      feedForward: new FeedForward({intermediateSize, activation, gated, useBias: !gated}, {up: kernel, down: kernel}),
      norm: () => new RMSNorm({epsilon: normEpsilon}),
    };
  }
}
tf.serialization.registerClass(RetNetBlock);

/** A RetNet language model: embedding, blocks, norm, head. */
export class RetNet extends LanguageModel<RetNetConfig> {
  static override readonly className = 'RetNet';
  override layout: CheckpointLayout<RetNetConfig> = torchscale;

  constructor(config: RetNetOptions) {
    const complete = resolveRetNetConfig(config);
    super(complete, stages(complete), {name: 'retnet', beyondStates: ['form', 'chunkSize', 'chunkNormalizer']});
  }
}
tf.serialization.registerClass(RetNet);

function stages(config: RetNetConfig): VariantLayer[] {
  const {vocabSize, hiddenSize, numLayers, normalization, normEpsilon: epsilon} = config;
  const deepNorm = normalization === 'deepnorm';
  const scale = config.scaleEmbedding ? Math.sqrt(hiddenSize) : 1;
  const embedding = new TokenEmbedding({name: 'embedding', vocabSize, hiddenSize, scale}, normal(hiddenSize ** -0.5));
  const block = (_: unknown, i: number) =>
    new RetNetBlock({
      ...config,
      name: `block_${i}`,
      normalization: deepNorm ? 'post' : 'pre',
      residualScale: deepNorm ? (2 * numLayers) ** 0.25 : 1,
      initialDivisor: deepNorm ? (8 * numLayers) ** 0.25 : 1,
    });
  return [
    embedding,
    ...(config.embeddingNorm ? [new RMSNorm({name: 'embedding_norm', epsilon})] : []),
    ...Array.from({length: numLayers}, block),
    ...(deepNorm ? [] : [new RMSNorm({name: 'final_norm', epsilon})]),
    config.tieEmbedding
      ? new TiedHead(embedding, {name: 'head'})
      : new Linear({name: 'head', units: vocabSize, useBias: false}, {kernel: normal(hiddenSize ** -0.5)}),
  ];
}

/**
 * A RetNet language model with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function retnet(config: RetNetOptions): RetNet {
  return new RetNet(config);
}

/**
 * A RetNet from a checkpoint in torchscale's names.
 * @param source Directory, URL, File objects or `{config, weights}`.
 * @param options.config Fields that shall differ from the checkpoint's, such as `form`.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape; nothing is left half-loaded.
 */
export function fromPretrained(
  source: CheckpointSource,
  options: {config?: Partial<RetNetConfig>} = {},
): Promise<RetNet> {
  return loadCheckpoint(source, [torchscale], retnet, options);
}
