import {
  type Fields,
  fields,
  requireConfig,
  requireGivenFields,
  resolveFields,
  type StackFields,
  stackFields,
} from '@variants/core';
import {countFeedForward, countSequenceMixer, type MixerFields, mixerRules} from '../config';

const poolings = ['first', 'mean', 'token'] as const;

/**
 * How a sequence becomes one vector: 'first', the first position through a dense layer with tanh; 'mean', so the mean of
 * all positions that are no padding; 'token', the first position as it is.
 */
export type Pooling = (typeof poolings)[number];

/** The configuration of an M2-BERT; defaults are those of the published 80M model, without dropout. */
export interface M2BertConfig extends StackFields, MixerFields {
  /** Number of different tokens. Default 30528: bert-base-uncased's 30522, up to a multiple of 8. */
  vocabSize: number;
  /** Width D. Default 768. */
  hiddenSize: number;
  /** Default 12. */
  numLayers: number;
  /** The longest sequence. Default 128. */
  maxSequenceLength: number;
  /** Positions that the convolutions' filters are made for, at least maxSequenceLength. Default maxSequenceLength. */
  filterLength: number;
  /** Kinds of tokens, such as first and second sentence. Default 2. */
  typeVocabSize: number;
  /** The id that fills up shorter rows; looking it up trains nothing. Default 0. */
  padToken: number;
  /** Adds learned positions to the embeddings. Default true. */
  positionEmbeddings: boolean;
  /** Positions look ahead too. Default true. */
  bidirectional: boolean;
  /** A norm of each mixer's input and dropout inside; of the first 80M model alone. Default false. */
  trainingAdditions: boolean;
  /** Epsilon of the layer norms. Default 1e-12. */
  normEpsilon: number;
  /** Dropout behind embeddings and feed-forwards. Default 0. */
  dropout: number;
}

/** What {@link m2Bert} takes: everything has a default. */
export type M2BertOptions = Partial<M2BertConfig>;

/** The configuration of an M2-BERT that classifies sequences, or embeds them. */
export interface M2BertClassifierConfig extends M2BertConfig {
  /** Number of different labels. Default 2. */
  numLabels: number;
  /**
   * How a sequence becomes one vector: 'first', the first position through a dense layer with tanh; 'mean', so the mean of
   * all that is no padding; 'token', the first position as it is. Default 'first'.
   */
  pooling: Pooling;
  /** Embeddings of sentences have length 1. Default false. */
  normalizedEmbeddings: boolean;
}

/** What {@link m2BertClassifier} takes: everything has a default. */
export type M2BertClassifierOptions = Partial<M2BertClassifierConfig>;

/** The rules of all fields, given the fields that others' defaults depend on. */
const m2BertRules = ({hiddenSize = 768, maxSequenceLength = 128}: M2BertOptions): Fields<M2BertConfig> => ({
  vocabSize: fields.count(30528),
  ...stackFields({hiddenSize, numLayers: 12, normEpsilon: 1e-12}),
  maxSequenceLength: fields.count(128),
  filterLength: fields.count(maxSequenceLength),
  typeVocabSize: fields.count(2),
  padToken: fields.count(0, 0),
  positionEmbeddings: fields.flag(true),
  bidirectional: fields.flag(true),
  trainingAdditions: fields.flag(false),
  ...mixerRules,
});

/** Throws a ConfigError where fields do not go together. */
function checkM2BertConfig(architecture: string, config: M2BertConfig): void {
  const {filterLength, maxSequenceLength, padToken, vocabSize} = config;
  requireConfig(
    filterLength >= maxSequenceLength,
    architecture,
    `filterLength is ${filterLength}, but must be at least maxSequenceLength ${maxSequenceLength}`,
  );
  requireConfig(
    padToken < vocabSize,
    architecture,
    `padToken is ${padToken}, but must be below vocabSize ${vocabSize}`,
  );
}

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveM2BertConfig(options: M2BertOptions): M2BertConfig {
  requireGivenFields('m2-bert', options);
  const config = resolveFields<M2BertConfig>('m2-bert', m2BertRules(options), options);
  checkM2BertConfig('m2-bert', config);
  return config;
}

/**
 * Completes and checks a configuration with a head for labels.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveM2BertClassifierConfig(options: M2BertClassifierOptions): M2BertClassifierConfig {
  requireGivenFields('m2-bert', options);
  const rules = {
    ...m2BertRules(options),
    numLabels: fields.count(2),
    pooling: fields.choice(poolings, 'first'),
    normalizedEmbeddings: fields.flag(false),
  };
  const config = resolveFields<M2BertClassifierConfig>('m2-bert-classifier', rules, options);
  checkM2BertConfig('m2-bert-classifier', config);
  return config;
}

/** All weights of a masked language model counted once. */
export function countM2BertParameters(config: M2BertConfig): number {
  const {vocabSize, hiddenSize: D, numLayers, typeVocabSize, maxSequenceLength, positionEmbeddings} = config;
  const norm = 2 * D;
  const embeddings = (vocabSize + typeVocabSize + (positionEmbeddings ? maxSequenceLength : 0)) * D + norm;
  const mixer = countSequenceMixer({...config, basisBlock: null}) + (config.trainingAdditions ? norm : 0);
  const head = D * D + D + norm + vocabSize;
  return embeddings + numLayers * (mixer + countFeedForward(config) + norm) + head;
}
