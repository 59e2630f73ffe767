import {
  type Activation,
  activations,
  type Field,
  fields,
  type LanguageModelConfig,
  resolveFields,
} from '@variants/core';
import {checkRetentionConfig} from './retention-layer';

/** The configuration of a RetNet; defaults are those of torchscale's RetNetConfig, at a smaller size. */
export interface RetNetConfig extends LanguageModelConfig {
  /** Number of different tokens. */
  vocabSize: number;
  /** Width D. Default 512. */
  hiddenSize: number;
  /** Width V of values and gate. Default 2 hiddenSize. */
  valueSize: number;
  /** Default 6. */
  numLayers: number;
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
  /** Uses the embedding's table for the logits. Default false. */
  tieEmbedding: boolean;
  /** Epsilon of all norms. Default 1e-6. */
  normEpsilon: number;
  /** How a whole sequence is computed: 'parallel', quadratic in time, or 'chunkwise', linear. Default 'parallel'. */
  form: 'parallel' | 'chunkwise';
  /** Positions of a chunk. Default 64. */
  chunkSize: number;
  /** The decay γ of each head. Default 1 - 2^(-5-h). */
  decays: number[] | null;
  /** Dropout behind retention and feed-forward. Default 0. */
  dropout: number;
  /** Seed of the first weights. Default 0. */
  seed: number;
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
  const hiddenSize = options.hiddenSize ?? 512;
  const valueSize = options.valueSize ?? 2 * hiddenSize;
  const config = resolveFields<RetNetConfig>(
    'retnet',
    {
      vocabSize: fields.count(),
      hiddenSize: fields.count(hiddenSize),
      valueSize: fields.count(valueSize),
      numLayers: fields.count(6),
      numHeads: fields.count(Math.max(2, Math.floor(hiddenSize / 256))),
      intermediateSize: fields.count(valueSize),
      activation: fields.choice(activations, 'silu'),
      gated: fields.flag(true),
      normalization: fields.choice(['pre', 'deepnorm'] as const, 'pre'),
      scaleEmbedding: fields.flag(false),
      embeddingNorm: fields.flag(false),
      tieEmbedding: fields.flag(false),
      normEpsilon: fields.positive(1e-6),
      form: fields.choice(['parallel', 'chunkwise'] as const, 'parallel'),
      chunkSize: fields.count(64),
      decays: fields.optional(decayList),
      dropout: fields.rate(0),
      seed: fields.count(0, 0),
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
