import {type Field, type Fields, fields, type LanguageModelConfig, requireConfig, resolveFields} from '@variants/core';

/**
 * The configuration of a MegaByte language model. Lists have an entry for each stage, the coarsest (the global model) first,
 * the one of single bytes (the local model) last: two of them in the paper, three or more where patches lie in patches.
 */
export interface MegabyteConfig extends LanguageModelConfig {
  /** Number of different tokens: 256 for bytes. */
  vocabSize: number;
  /**
   * n_s: positions of the sequence of each stage. [1024, 8] are 1024 patches of 8 bytes, so at most 8192 bytes: the product
   * is the longest sequence. Default [1024, 8].
   */
  stageLengths: number[];
  /** d_s: width of each stage, at least 2. Default [512, 256]. */
  hiddenSizes: number[];
  /** Blocks of each stage. Default [6, 4]. */
  numLayers: number[];
  /** Width of the feed-forwards of each stage. Default 4 times its hiddenSizes. */
  intermediateSizes: number[];
  /** Heads of attention, the same in all stages. Default 8. */
  numHeads: number;
  /** Features of a head, whatever the width. Default 64. */
  headSize: number;
  /** Turns queries and keys by their positions in the stage's sequence. Default true; the authors' code has false. */
  rotary: boolean;
  /** Adds a learned vector for each position of a stage's sequence. Default false. */
  learnedPositions: boolean;
  /**
   * A token that is never a target of the loss, wherever it stands: the authors' `pad_id`, there 0, so that a byte 0 is not
   * learned. Default null: all tokens are targets.
   */
  padToken: number | null;
  /** Dropout inside the feed-forwards, in training. Default 0. */
  dropout: number;
  /** Dropout on the probabilities of attention, in training. Default 0. */
  attentionDropout: number;
}

/** What {@link megabyte} takes: everything but vocabSize has a default. */
export type MegabyteOptions = Partial<MegabyteConfig> & Pick<MegabyteConfig, 'vocabSize'>;

/** A list with a whole number for each of several stages. */
function counts(least: number, fallback: number[]): Field<number[]> {
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= least;
  return {
    allowed: `a list of at least 2 whole numbers of at least ${least}, one for each stage`,
    accepts: (value) => Array.isArray(value) && value.length >= 2 && value.every(isCount),
    fallback,
  };
}

const perStage = ['hiddenSizes', 'numLayers', 'intermediateSizes'] as const;

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveMegabyteConfig(options: MegabyteOptions): MegabyteConfig {
  const hiddenSizes = [options?.hiddenSizes ?? [512, 256]].flat();
  const rules: Fields<MegabyteConfig> = {
    vocabSize: fields.count(),
    stageLengths: counts(1, [1024, 8]),
    hiddenSizes: counts(2, hiddenSizes),
    numLayers: counts(1, [6, 4]),
    intermediateSizes: counts(
      1,
      hiddenSizes.map((size) => 4 * size),
    ),
    numHeads: fields.count(8),
    headSize: fields.count(64),
    rotary: fields.flag(true),
    learnedPositions: fields.flag(false),
    padToken: fields.optional(fields.count(undefined, 0)),
    dropout: fields.dropout(),
    attentionDropout: fields.dropout(),
    seed: fields.seed(),
  };
  const config = resolveFields<MegabyteConfig>('megabyte', rules, options);
  const {stageLengths, headSize, rotary, padToken, vocabSize} = config;
  for (const name of perStage)
    requireConfig(
      config[name].length === stageLengths.length,
      'megabyte',
      `${name} is [${config[name]}], but must have ${stageLengths.length} numbers, one for each stage of stageLengths [${stageLengths}]`,
    );
  requireConfig(
    !rotary || headSize % 2 === 0,
    'megabyte',
    `headSize is ${headSize}, but must be even to be turned by positions (or rotary be false)`,
  );
  requireConfig(
    padToken === null || padToken < vocabSize,
    'megabyte',
    `padToken is ${padToken}, but must be below vocabSize ${vocabSize}, or null`,
  );
  return config;
}

/** All weights counted once. */
export function countParameters(config: MegabyteConfig): number {
  const {vocabSize, stageLengths, hiddenSizes, numLayers, intermediateSizes, numHeads, headSize} = config;
  const inner = numHeads * headSize;
  const finest = hiddenSizes.length - 1;
  const local = hiddenSizes[finest];
  const stages = hiddenSizes.map((D, s) => {
    const F = intermediateSizes[s];
    const block = 4 * D * inner + 2 * D * F + F + D + 2 * D;
    const patch = stageLengths.slice(s + 1).reduce((product, length) => product * length, local);
    const embedder = s === finest ? 0 : 2 * patch + patch * D + D + 2 * D;
    const children = s === finest ? 0 : (D + 1) * stageLengths[s + 1] * hiddenSizes[s + 1];
    const positions = config.learnedPositions ? stageLengths[s] * D : 0;
    return D + vocabSize * local + embedder + positions + numLayers[s] * block + D + children;
  });
  return stages.reduce((sum, count) => sum + count, 0) + (local + 1) * vocabSize;
}
