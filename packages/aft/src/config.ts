import {fields, type LanguageModelConfig, requireConfig, resolveFields} from '@variants/core';
import {assertMixer, countMixer, type MixerFields, mixerRules} from './mixers/mixer-fields';

/** The configuration of an AFT language model; defaults are those of the paper's, at a smaller size. */
export interface AftConfig extends LanguageModelConfig, MixerFields {
  /** Number of different tokens. */
  vocabSize: number;
  /**
   * The longest sequence: there are learned positions for so many. Default 1024. In variants 'simple' and 'conv' 0 stands
   * for none: order shows in what a position has seen, and a sequence may be of any length.
   */
  maxSequenceLength: number;
  /** Default 6. */
  numLayers: number;
  /** Width of the feed-forward. Default 4 hiddenSize. */
  intermediateSize: number;
  /** Epsilon of the layer norms. Default 1e-5. */
  normEpsilon: number;
  /** Uses the embedding's table for the logits. Default false. */
  tieEmbedding: boolean;
  /** Dropout behind mixers and feed-forwards. Default 0. */
  dropout: number;
  /** Seed of the first weights. Default 0. */
  seed: number;
}

/** What {@link aft} takes: everything but vocabSize has a default; that of `variant` is 'local'. */
export type AftOptions = Partial<AftConfig> & Pick<AftConfig, 'vocabSize'>;

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveConfig(options: AftOptions): AftConfig {
  const {hiddenSize = 512} = options;
  const config = resolveFields<AftConfig>(
    'aft',
    {
      vocabSize: fields.count(),
      ...mixerRules(options, 'local'),
      maxSequenceLength: fields.count(1024, 0),
      numLayers: fields.count(6),
      intermediateSize: fields.count(4 * hiddenSize),
      normEpsilon: fields.positive(1e-5),
      tieEmbedding: fields.flag(false),
      dropout: fields.rate(0),
      seed: fields.count(0, 0),
    },
    options,
  );
  assertMixer('aft', config, true);
  const {variant, maxSequenceLength} = config;
  requireConfig(
    maxSequenceLength > 0 || variant === 'simple' || variant === 'conv',
    'aft',
    `maxSequenceLength is ${maxSequenceLength}, but must be at least 1, as variant ${variant} has biases for positions`,
  );
  return config;
}

/** All weights counted once. */
export function countParameters(config: AftConfig): number {
  const {vocabSize, hiddenSize: D, maxSequenceLength, numLayers, tieEmbedding} = config;
  const block = countMixer(config, maxSequenceLength, 1) + countBlockRest(config);
  return (tieEmbedding ? 1 : 2) * vocabSize * D + maxSequenceLength * D + numLayers * block + 2 * D;
}

/** The weights of a block's norms and feed-forward. */
export function countBlockRest({hiddenSize: D, intermediateSize: F}: {hiddenSize: number; intermediateSize: number}) {
  return 4 * D + 2 * D * F + F + D;
}
