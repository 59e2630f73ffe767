import {
  type Activation,
  activations,
  type DecoderFields,
  type Field,
  type Fields,
  fields,
  requireConfig,
  resolveFields,
  stackFields,
} from '@variants/core';
import {type AttentionType, attentionTypes} from './block';
import {allowedBuckets, type BucketCount, isBucketCount, usualBuckets} from './hashing';

/** The fields that all forms of Reformer have. */
export interface ReformerFields extends Omit<DecoderFields, 'tieEmbedding'> {
  /** Width D of each of the two streams. Default 256. */
  hiddenSize: number;
  /** Number of blocks. Default: as many as attentionTypes names, or 6. */
  numLayers: number;
  /** The attention of each block; a shorter list is gone through again. Default ['local', 'lsh']. */
  attentionTypes: readonly AttentionType[];
  /** Number of heads. Default 4. */
  numHeads: number;
  /** Features of a head. Default hiddenSize / numHeads, rounded up. */
  headSize: number;
  /** Positions of a chunk of local attention. Default 64. */
  localChunkLength: number;
  /** Chunks before its own that a query of local attention sees. Default 1. */
  localChunksBefore: number;
  /** Chunks behind its own that it sees. Default: 1 in encoders; 0 in a language model, which has no others. */
  localChunksAfter: number;
  /** Positions of a chunk of LSH attention. Default 64. */
  lshChunkLength: number;
  /** Default 1. */
  lshChunksBefore: number;
  /** Default: as localChunksAfter. */
  lshChunksAfter: number;
  /**
   * Hash buckets, an even number or a list of even factors. Default: a power of two of about 2 maxSequenceLength /
   * lshChunkLength, in two factors where that is much.
   */
  numBuckets: BucketCount;
  /** Rounds of hashing; a trained model may be given more. Default 1. */
  numHashes: number;
  /** Seed of the rotations. Default null: in training they are drawn anew in each pass, otherwise from seed 0. */
  hashSeed: number | null;
  /** 'axial': a position's digits have vectors; 'learned': each position has. Default 'axial', 'learned' where the width is 1. */
  positions: 'axial' | 'learned';
  /** How many values each digit has; their product is maxSequenceLength. Default: two numbers as near as can be. Axial alone. */
  axialShape: readonly number[] | null;
  /** Features of each digit, hiddenSize together. Default: a quarter, the rest. Axial alone. */
  axialSizes: readonly number[] | null;
  /** The longest sequence. Default: what axialShape holds, or 4096. */
  maxSequenceLength: number;
  /** Of the feed-forward. Default 'relu'. */
  activation: Activation;
  /** Positions that feed-forwards work on at a time; 0: all. Default 0. */
  feedForwardChunkLength: number;
  /** Positions that the head works on at a time; 0: all. Default 0. */
  headChunkLength: number;
  /** The id that files name for padding; it is masked where a mask says so, and not by itself. Default 0. */
  padToken: number;
  /** Epsilon of all norms. Default 1e-12. */
  normEpsilon: number;
  /** Dropout behind embeddings, attention and the last norm, and in and behind feed-forwards. Default 0. */
  dropout: number;
}

/** The configuration of a causal language model. */
export type ReformerConfig = ReformerFields;

/** What {@link reformer} takes: everything but vocabSize has a default. */
export type ReformerOptions = Partial<ReformerConfig> & Pick<ReformerConfig, 'vocabSize'>;

/** The configuration of an encoder with a head for hidden tokens. */
export type ReformerMaskedConfig = ReformerFields;

/** What {@link reformerMasked} takes: everything but vocabSize has a default. */
export type ReformerMaskedOptions = Partial<ReformerMaskedConfig> & Pick<ReformerMaskedConfig, 'vocabSize'>;

/** The configuration of an encoder with a head for labels of whole sequences. */
export interface ReformerClassifierConfig extends ReformerFields {
  /** Number of different labels. Default 2. */
  numLabels: number;
}

/** What {@link reformerClassifier} takes: everything but vocabSize has a default. */
export type ReformerClassifierOptions = Partial<ReformerClassifierConfig> & Pick<ReformerClassifierConfig, 'vocabSize'>;

const rule = <T>(allowed: string, accepts: (value: unknown) => boolean, fallback?: T): Field<T> => ({
  allowed,
  accepts,
  fallback,
});

const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 1;

const counts = (fallback: readonly number[]): Field<readonly number[] | null> =>
  rule('a list of whole numbers of at least 1', (v) => Array.isArray(v) && v.length > 0 && v.every(isCount), fallback);

const noList: Field<readonly number[] | null> = rule("nothing, as positions are 'learned'", (v) => v === null, null);

const typesRule = (fallback: readonly AttentionType[]): Field<readonly AttentionType[]> =>
  rule(
    `a list of ${attentionTypes.join(' and ')}`,
    (v) => Array.isArray(v) && v.length > 0 && v.every((type) => attentionTypes.includes(type)),
    fallback,
  );

/** Two factors of a length that are as near to each other as can be, the smaller one first. */
export function axialShapeOf(length: number): number[] {
  let first = Math.max(1, Math.floor(Math.sqrt(length)));
  while (length % first !== 0) first--;
  return [first, length / first];
}

const isList = (value: unknown): value is number[] => Array.isArray(value) && value.length > 0 && value.every(isCount);

/** The rules of all fields, given those that others' defaults depend on. */
function reformerRules(options: Partial<ReformerFields>, isCausal: boolean): Fields<ReformerFields> {
  const {hiddenSize = 256, numHeads = 4, lshChunkLength = 64, localChunksAfter = isCausal ? 0 : 1} = options;
  const {axialShape, attentionTypes: types} = options;
  const positions = options.positions ?? (hiddenSize > 1 ? 'axial' : 'learned');
  const isAxial = positions === 'axial';
  const held = isAxial && isList(axialShape) ? axialShape.reduce((product, n) => product * n, 1) : 4096;
  const {maxSequenceLength = held} = options;
  const quarter = Math.max(1, Math.floor(hiddenSize / 4));
  const canCount = isCount(maxSequenceLength) && isCount(lshChunkLength);
  return {
    vocabSize: fields.count(),
    ...stackFields({
      hiddenSize,
      normEpsilon: 1e-12,
      numLayers: Array.isArray(types) && types.length > 0 ? types.length : 6,
    }),
    attentionTypes: typesRule(['local', 'lsh']),
    numHeads: fields.count(4),
    headSize: fields.count(Math.ceil(hiddenSize / numHeads) || 1),
    localChunkLength: fields.count(64),
    localChunksBefore: fields.count(1, 0),
    localChunksAfter: fields.count(isCausal ? 0 : 1, 0),
    lshChunkLength: fields.count(64),
    lshChunksBefore: fields.count(1, 0),
    lshChunksAfter: fields.count(localChunksAfter, 0),
    numBuckets: rule<BucketCount>(
      allowedBuckets,
      isBucketCount,
      canCount ? usualBuckets(maxSequenceLength, lshChunkLength, maxSequenceLength) : 2,
    ),
    numHashes: fields.count(1),
    hashSeed: fields.optional(fields.seed()),
    positions: fields.choice(['axial', 'learned'] as const, positions),
    axialShape: isAxial ? counts(isCount(maxSequenceLength) ? axialShapeOf(maxSequenceLength) : [1]) : noList,
    axialSizes: isAxial ? counts(isCount(hiddenSize) ? [quarter, hiddenSize - quarter] : [1]) : noList,
    maxSequenceLength: fields.count(held),
    activation: fields.choice(activations, 'relu'),
    feedForwardChunkLength: fields.count(0, 0),
    headChunkLength: fields.count(0, 0),
    padToken: fields.count(0, 0),
  };
}

/** Throws a ConfigError where fields do not go together. */
function checkReformerConfig(name: string, config: ReformerFields, isCausal: boolean): void {
  const {hiddenSize, axialShape, axialSizes, maxSequenceLength, vocabSize, padToken} = config;
  for (const field of ['localChunksAfter', 'lshChunksAfter'] as const)
    requireConfig(
      !isCausal || config[field] === 0,
      name,
      `${field} is ${config[field]}, but must be 0, as the model is causal`,
    );
  requireConfig(padToken < vocabSize, name, `padToken is ${padToken}, but must be below vocabSize ${vocabSize}`);
  if (!axialShape || !axialSizes) return;
  const sum = axialSizes.reduce((total, size) => total + size, 0);
  const product = axialShape.reduce((total, count) => total * count, 1);
  requireConfig(sum === hiddenSize, name, `axialSizes is [${axialSizes}], but must add up to hiddenSize ${hiddenSize}`);
  requireConfig(
    axialSizes.length === axialShape.length,
    name,
    `axialSizes is [${axialSizes}], but must have as many numbers as axialShape [${axialShape}]`,
  );
  requireConfig(
    product === maxSequenceLength,
    name,
    `axialShape is [${axialShape}], but its product must be maxSequenceLength ${maxSequenceLength}`,
  );
}

/** A configuration whose attentionTypes name every block. */
function withAllTypes<Config extends ReformerFields>(config: Config): Config {
  const {attentionTypes: types, numLayers} = config;
  return {...config, attentionTypes: Array.from({length: numLayers}, (_, i) => types[i % types.length])};
}

/** Completes and checks the configuration of a causal language model: a ConfigError names the field and what is allowed. */
export function resolveReformerConfig(options: Partial<ReformerConfig>): ReformerConfig {
  const config = resolveFields<ReformerConfig>('reformer', reformerRules(options ?? {}, true), options);
  checkReformerConfig('reformer', config, true);
  return withAllTypes(config);
}

/** {@link resolveReformerConfig} of a masked language model. */
export function resolveReformerMaskedConfig(options: Partial<ReformerMaskedConfig>): ReformerMaskedConfig {
  const config = resolveFields<ReformerMaskedConfig>('reformer-masked', reformerRules(options ?? {}, false), options);
  checkReformerConfig('reformer-masked', config, false);
  return withAllTypes(config);
}

/** {@link resolveReformerConfig} of a classifier. */
export function resolveReformerClassifierConfig(options: Partial<ReformerClassifierConfig>): ReformerClassifierConfig {
  const rules = {...reformerRules(options ?? {}, false), numLabels: fields.count(2)};
  const config = resolveFields<ReformerClassifierConfig>('reformer-classifier', rules, options);
  checkReformerConfig('reformer-classifier', config, false);
  return withAllTypes(config);
}

/** All weights of a causal or a masked language model, counted once. */
export function countParameters(config: ReformerFields): number {
  return countBackbone(config) + (2 * config.hiddenSize + 1) * config.vocabSize;
}

/** All weights of a classifier. */
export function countClassifierParameters(config: ReformerClassifierConfig): number {
  const {hiddenSize: D, numLabels} = config;
  return countBackbone(config) + (2 * D + 1) * D + (D + 1) * numLabels;
}

/** Embeddings, blocks and the last norm. */
function countBackbone(config: ReformerFields): number {
  const {vocabSize, hiddenSize: D, numHeads, headSize, intermediateSize: F, axialShape, axialSizes} = config;
  const heads = D * numHeads * headSize;
  const positions =
    axialShape && axialSizes
      ? axialShape.reduce((sum, count, i) => sum + count * axialSizes[i], 0)
      : config.maxSequenceLength * D;
  const blocks = config.attentionTypes.reduce(
    (sum, type) => sum + (type === 'local' ? 4 : 3) * heads + 4 * D + 2 * D * F + F + D,
    0,
  );
  return vocabSize * D + positions + blocks + 4 * D;
}
