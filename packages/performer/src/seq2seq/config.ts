import {
  type Field,
  type Fields,
  fields,
  requireConfig,
  requireGivenFields,
  resolveFields,
  type SequenceToSequenceConfig,
  shown,
} from '@variants/core';
import {
  type BothWaysFields,
  bothWaysRules,
  type CausalFields,
  causalRules,
  checkStack,
  type PerformerStackFields,
  stackRules,
} from '../config';
import {countStack} from '../count';

/** The fields of an encoder. */
export interface PerformerEncoderFields extends PerformerStackFields, BothWaysFields {}

/** The fields of a decoder. */
export interface PerformerDecoderFields extends PerformerStackFields, CausalFields {}

/** The configuration of an encoder-decoder. */
export interface PerformerEncoderDecoderConfig extends SequenceToSequenceConfig {
  /** Number of different tokens of a source. */
  sourceVocabSize: number;
  /** Number of different tokens of a target. Default sourceVocabSize. */
  targetVocabSize: number;
  /** Width D of both sides. Default 512. */
  hiddenSize: number;
  /** The encoder's own fields; those left out have the defaults of a Performer that looks both ways. */
  encoder: PerformerEncoderFields;
  /** The decoder's own fields; those left out have the defaults of a causal Performer. */
  decoder: PerformerDecoderFields;
  /** One table of tokens for source and target. Default false. */
  shareEmbeddings: boolean;
  /** Uses the target's table for the logits. Default false. */
  tieEmbedding: boolean;
  /** The id that fills up shorter rows. Default 0. */
  padToken: number;
  /** The share of the probability that training spreads over all tokens, 0 up to 1. Default 0. */
  labelSmoothing: number;
}

/** What {@link performerEncoderDecoder} takes: everything but sourceVocabSize has a default. */
export type PerformerEncoderDecoderOptions = Partial<Omit<PerformerEncoderDecoderConfig, 'encoder' | 'decoder'>> &
  Pick<PerformerEncoderDecoderConfig, 'sourceVocabSize'> & {
    encoder?: Partial<PerformerEncoderFields>;
    decoder?: Partial<PerformerDecoderFields>;
  };

const architecture = 'performerEncoderDecoder';

/** A side's own fields, which have rules of their own. */
const sideField = <Side>(): Field<Side> => ({
  allowed: 'an object of fields, such as {numLayers: 6}',
  accepts: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  fallback: {} as Side,
});

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveEncoderDecoderConfig(options: PerformerEncoderDecoderOptions): PerformerEncoderDecoderConfig {
  requireGivenFields(architecture, options);
  const outer = resolveFields<PerformerEncoderDecoderConfig>(
    architecture,
    {
      sourceVocabSize: fields.count(),
      targetVocabSize: fields.count(options.sourceVocabSize),
      hiddenSize: fields.count(512),
      encoder: sideField<PerformerEncoderFields>(),
      decoder: sideField<PerformerDecoderFields>(),
      shareEmbeddings: fields.flag(false),
      tieEmbedding: fields.flag(false),
      padToken: fields.count(0, 0),
      labelSmoothing: fields.rate(0),
      seed: fields.seed(),
    },
    options,
  );
  const {hiddenSize, sourceVocabSize, targetVocabSize, padToken} = outer;
  const sideOf = <Side extends PerformerStackFields>(name: 'encoder' | 'decoder', own: Partial<Fields<Side>>): Side => {
    const given = outer[name] as Partial<PerformerStackFields>;
    const rules = {...stackRules(given, hiddenSize), ...own} as unknown as Fields<Side>;
    const side = resolveFields<Side>(`${architecture}, ${name}`, rules, given);
    checkStack(`${architecture}, ${name}`, side, given, hiddenSize);
    return side;
  };
  requireConfig(
    !outer.shareEmbeddings || sourceVocabSize === targetVocabSize,
    architecture,
    `targetVocabSize is ${targetVocabSize}, but must be sourceVocabSize ${sourceVocabSize} where shareEmbeddings is true`,
  );
  const smaller = Math.min(sourceVocabSize, targetVocabSize);
  requireConfig(
    padToken < smaller,
    architecture,
    `padToken is ${shown(padToken)}, but must be below both vocabulary sizes, ${smaller}`,
  );
  return {
    ...outer,
    encoder: sideOf<PerformerEncoderFields>('encoder', bothWaysRules),
    decoder: sideOf<PerformerDecoderFields>('decoder', causalRules),
  };
}

/** All weights counted once. */
export function countEncoderDecoderParameters(config: PerformerEncoderDecoderConfig): number {
  const {sourceVocabSize, targetVocabSize, hiddenSize: D, encoder, decoder, shareEmbeddings, tieEmbedding} = config;
  const tables = sourceVocabSize * D + (shareEmbeddings ? 0 : targetVocabSize * D);
  const head = tieEmbedding ? 0 : targetVocabSize * D + targetVocabSize;
  return tables + head + countStack(encoder, D) + countStack(decoder, D, true);
}
