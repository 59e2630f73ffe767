import {
  type DecoderFields,
  decoderFields,
  type Fields,
  fields,
  requireDivides,
  requireGivenFields,
  resolveFields,
} from '@variants/core';
import {blockShape} from './block-diagonal-linear';
import type {MonarchFeedForwardConfig} from './feed-forward';
import type {SequenceMixerConfig} from './sequence-mixer';

/** The fields of all models that say what their mixers along positions and features are. */
export type MixerFields = Required<
  Pick<
    SequenceMixerConfig & MonarchFeedForwardConfig,
    | 'residualConvolution'
    | 'gated'
    | 'numBlocks'
    | 'positionSize'
    | 'filterSize'
    | 'frequency'
    | 'frequencyScale'
    | 'trainPositions'
  >
>;

/** The configuration of a causal Monarch Mixer; defaults of its parts are those of the published M2-BERT models. */
export interface MonarchMixerConfig extends DecoderFields, MixerFields {
  /** The longest sequence, which the filters are made for. Default 1024. */
  maxSequenceLength: number;
  /**
   * Positions of a group of the causal Monarch convolution, a divisor of maxSequenceLength: the convolutions are then those
   * of coefficients in a learned basis, a Monarch matrix (section 4 of the paper). Default null: plain convolutions, in which
   * no weight along the sequence is one.
   */
  basisBlock: number | null;
  /** One matrix for embedding and head. Default true. */
  tieEmbedding: boolean;
}

/** What {@link monarchMixer} takes: everything but vocabSize has a default. */
export type MonarchMixerOptions = Partial<MonarchMixerConfig> & Pick<MonarchMixerConfig, 'vocabSize'>;

/** The rules of the fields of mixers. */
export const mixerRules: Fields<MixerFields> = {
  residualConvolution: fields.flag(true),
  gated: fields.flag(true),
  numBlocks: fields.count(4),
  positionSize: fields.odd(5, 3),
  filterSize: fields.count(128),
  frequency: fields.positive(10),
  frequencyScale: fields.positive(1),
  trainPositions: fields.flag(true),
};

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveMonarchMixerConfig(options: MonarchMixerOptions): MonarchMixerConfig {
  requireGivenFields('monarch-mixer', options);
  const architecture = 'monarch-mixer';
  const config = resolveFields<MonarchMixerConfig>(
    architecture,
    {
      ...decoderFields({hiddenSize: options.hiddenSize, tieEmbedding: true}),
      maxSequenceLength: fields.count(1024),
      basisBlock: fields.optional(fields.count()),
      ...mixerRules,
    },
    options,
  );
  if (config.basisBlock !== null) requireDivides(architecture, config, 'basisBlock', 'maxSequenceLength');
  return config;
}

/** All weights counted once. */
export function countParameters(config: MonarchMixerConfig): number {
  const {vocabSize, hiddenSize: D, numLayers, tieEmbedding, maxSequenceLength: filterLength} = config;
  const mixer = countSequenceMixer({...config, filterLength, bidirectional: false});
  const block = mixer + countFeedForward(config) + 4 * D;
  return (tieEmbedding ? 1 : 2) * vocabSize * D + numLayers * block + 2 * D;
}

/** What the number of weights of a mixer along positions depends on. */
interface SequenceMixerSizes
  extends Pick<
    MonarchMixerConfig,
    'hiddenSize' | 'positionSize' | 'filterSize' | 'residualConvolution' | 'basisBlock'
  > {
  /** Positions that filters are made for. */
  filterLength: number;
  bidirectional: boolean;
}

/** The weights of a `SequenceMixer`, without a norm. */
export function countSequenceMixer(sizes: SequenceMixerSizes): number {
  const {hiddenSize: D, residualConvolution} = sizes;
  const projections = 4 * (D * D + D);
  const short = (3 + 1) * 3 * D;
  return projections + short + (residualConvolution ? 2 : 1) * countConvolution(sizes);
}

function countConvolution(sizes: SequenceMixerSizes): number {
  const {hiddenSize: D, filterLength: N, positionSize: E, filterSize: F, basisBlock: m, bidirectional} = sizes;
  const network = E * F + F + 2 * (F * F + F) + F * D;
  const basis = m === null ? 0 : m * m + N * (N / m);
  // Besides, positions, frequencies, decays and the skip term.
  return (bidirectional ? 2 : 1) * network + N * E + F + 2 * D + basis;
}

/** The weights of a `MonarchFeedForward`. */
export function countFeedForward({
  hiddenSize: D,
  intermediateSize: I,
  numBlocks,
  gated,
}: Pick<MonarchMixerConfig, 'hiddenSize' | 'intermediateSize' | 'numBlocks' | 'gated'>): number {
  const matrix = (units: number, inputs: number) => {
    const [outputs, read] = blockShape(units, inputs, numBlocks);
    return numBlocks * outputs * read;
  };
  return matrix(gated ? 2 * I : I, D) + matrix(D, I) + D;
}
