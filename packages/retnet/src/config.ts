import {
  type Activation,
  activations,
  type DecoderFields,
  decoderFields,
  type Field,
  fields,
  requireGivenFields,
  resolveFields,
} from '@variants/core';
import type {ChunkNormalizer} from './retention';
import {checkRetentionConfig} from './retention-layer';

/** The configuration of a RetNet; defaults are those of torchscale's RetNetConfig, at a smaller size. */
export interface RetNetConfig extends DecoderFields {
  /** Width V of values and gate. Default 2 hiddenSize. */
  valueSize: number;
  /** Default: one per 256 of hiddenSize, at least 2 (the paper's head size). */
  numHeads: number;
  /** Width of the feed-forward. Default valueSize. */
  intermediateSize: number;
  /** Of the feed-forward. Default 'silu'. */
  activation: Activation;
  /** A gated feed-forward without biases (torchscale's), else the paper's two projections, with biases. Default true. */
  gated: boolean;
  /** 'pre', or 'deepnorm' for very deep models: norms behind the sums, skip connections scaled by (2 numLayers)^(1/4). Default 'pre'. */
  normalization: 'pre' | 'deepnorm';
  /** Multiplies embeddings by sqrt(hiddenSize). Default false. */
  scaleEmbedding: boolean;
  /** A norm behind the embedding. Default false. */
  embeddingNorm: boolean;
  /** Epsilon of all norms. Default 1e-6. */
  normEpsilon: number;
  /**
   * How a whole sequence is computed: 'parallel', quadratic in time, or 'chunkwise', linear. Both give what `stream` gives,
   * within rounding, unless `chunkNormalizer` is 'torchscale'. Default 'parallel'.
   */
  form: 'parallel' | 'chunkwise';
  /**
   * What the chunkwise form divides by: 'carried', a divisor that goes on from chunk to chunk as in a stream, or 'torchscale',
   * the authors', with which `logits` and `stream` differ by some percent of the largest logit at fresh weights, as the
   * epsilon of the norm shows (README, "The forms"). Default 'carried'; 'torchscale' in files in the authors' names.
   */
  chunkNormalizer: ChunkNormalizer;
  /** Positions of a chunk. Default 64. */
  chunkSize: number;
  /** The decay γ of each head. Default 1 - 2^(-5-h). */
  decays: number[] | null;
}

/** What {@link retnet} takes: everything but vocabSize has a default. */
export type RetNetOptions = Partial<RetNetConfig> & Pick<RetNetConfig, 'vocabSize'>;

const decayList: Field<number[]> = {
  allowed: 'a list of numbers between 0 and 1',
  accepts: (value) => Array.isArray(value) && value.every((γ) => typeof γ === 'number' && γ > 0 && γ < 1),
};

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveRetNetConfig(options: RetNetOptions): RetNetConfig {
  requireGivenFields('retnet', options);
  const hiddenSize = options.hiddenSize ?? 512;
  const valueSize = options.valueSize ?? 2 * hiddenSize;
  const config = resolveFields<RetNetConfig>(
    'retnet',
    {
      ...decoderFields({hiddenSize, intermediateSize: valueSize, normEpsilon: 1e-6}),
      valueSize: fields.count(valueSize),
      numHeads: fields.count(Math.max(2, Math.floor(hiddenSize / 256))),
      activation: fields.choice(activations, 'silu'),
      gated: fields.flag(true),
      normalization: fields.choice(['pre', 'deepnorm'] as const, 'pre'),
      scaleEmbedding: fields.flag(false),
      embeddingNorm: fields.flag(false),
      form: fields.choice(['parallel', 'chunkwise'] as const, 'parallel'),
      chunkNormalizer: fields.choice(['carried', 'torchscale'] as const, 'carried'),
      chunkSize: fields.count(64),
      decays: fields.optional(decayList),
    },
    options,
  );
  checkRetentionConfig('retnet', config, config.hiddenSize);
  return config;
}

/** All weights counted once. */
export function countParameters(config: RetNetConfig): number {
  const {vocabSize: vocabulary, hiddenSize: D, valueSize: V, intermediateSize: F, numLayers} = config;
  const retention = 2 * D * D + 3 * D * V;
  const feedForward = config.gated ? 3 * D * F : 2 * D * F + D + F;
  const embeddings = vocabulary * D * (config.tieEmbedding ? 1 : 2) + (config.embeddingNorm ? D : 0);
  return embeddings + numLayers * (retention + feedForward + 2 * D) + (config.normalization === 'pre' ? D : 0);
}
