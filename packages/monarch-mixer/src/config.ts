import {fields, type LanguageModelConfig, requireConfig, resolveFields} from '@variants/core';
import {feedForwardParameters, mixerParameters} from './count-parts';

/** The configuration of a causal Monarch Mixer; defaults of its parts are those of the published M2-BERT models. */
export interface MonarchMixerConfig extends LanguageModelConfig {
  /** Number of different tokens. */
  vocabSize: number;
  /** Width D. Default 512. */
  hiddenSize: number;
  /** Default 6. */
  numLayers: number;
  /** Width I of the feed-forward. Default 4 hiddenSize. */
  intermediateSize: number;
  /** The longest sequence, which the filters are made for. Default 1024. */
  maxSequenceLength: number;
  /** Adds a long convolution without gates to each mixer. Default true. */
  residualConvolution: boolean;
  /**
   * Positions of a group of the causal Monarch convolution, a divisor of maxSequenceLength: the convolutions are then those
   * of coefficients in a learned basis (section 4 of the paper). Default null: plain convolutions.
   */
  basisBlock: number | null;
  /** Half of what the feed-forward's first product gives is a gate of the other half. Default true. */
  gated: boolean;
  /** Blocks of the feed-forward's matrices; 1 makes them dense. Default 4. */
  numBlocks: number;
  /** Features of a position that the filters' networks read: odd and at least 3. Default 5. */
  positionSize: number;
  /** Width of the filters' networks. Default 128. */
  filterSize: number;
  /** What the frequencies of their sines begin at. Default 10. */
  frequency: number;
  /** A constant factor of the sines' arguments. Default 1. */
  frequencyScale: number;
  /** Whether training moves the features of positions. Default true. */
  trainPositions: boolean;
  /** One matrix for embedding and head. Default true. */
  tieEmbedding: boolean;
  /** Epsilon of the layer norms. Default 1e-5. */
  normEpsilon: number;
  /** Dropout behind mixers and feed-forwards. Default 0. */
  dropout: number;
  /** Seed of the first weights. Default 0. */
  seed: number;
}

/** What {@link monarchMixer} takes: everything but vocabSize has a default. */
export type MonarchMixerOptions = Partial<MonarchMixerConfig> & Pick<MonarchMixerConfig, 'vocabSize'>;

const architecture = 'monarchMixer';

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveConfig(options: MonarchMixerOptions): MonarchMixerConfig {
  const config = resolveFields<MonarchMixerConfig>(
    architecture,
    {
      vocabSize: fields.count(),
      hiddenSize: fields.count(512),
      numLayers: fields.count(6),
      intermediateSize: fields.count(4 * (options.hiddenSize ?? 512)),
      maxSequenceLength: fields.count(1024),
      residualConvolution: fields.flag(true),
      basisBlock: fields.optional(fields.count()),
      gated: fields.flag(true),
      numBlocks: fields.count(4),
      positionSize: fields.count(5, 3),
      filterSize: fields.count(128),
      frequency: fields.positive(10),
      frequencyScale: fields.positive(1),
      trainPositions: fields.flag(true),
      tieEmbedding: fields.flag(true),
      normEpsilon: fields.positive(1e-5),
      dropout: fields.rate(0),
      seed: fields.count(0, 0),
    },
    options,
  );
  const {positionSize, basisBlock, maxSequenceLength} = config;
  requireConfig(positionSize % 2 === 1, architecture, `positionSize is ${positionSize}, but must be odd`);
  requireConfig(
    basisBlock === null || maxSequenceLength % basisBlock === 0,
    architecture,
    `basisBlock is ${basisBlock}, but must divide maxSequenceLength ${maxSequenceLength}`,
  );
  return config;
}

/** All weights counted once. */
export function countParameters(config: MonarchMixerConfig): number {
  const {vocabSize, hiddenSize: D, numLayers, tieEmbedding, maxSequenceLength: filterLength} = config;
  const mixer = mixerParameters({...config, filterLength, bidirectional: false});
  const block = mixer + feedForwardParameters(config) + 4 * D;
  return (tieEmbedding ? 1 : 2) * vocabSize * D + numLayers * block + 2 * D;
}
