import {fields, requireConfig, resolveFields} from '@variants/core';
import {feedForwardParameters, mixerParameters} from '../count-parts';

/** The configuration of an M2-BERT; defaults are those of the published 80M model, without dropout. */
export interface M2BertConfig {
  /** Number of different tokens. Default 30528: bert-base-uncased's 30522, up to a multiple of 8. */
  vocabSize: number;
  /** Width D. Default 768. */
  hiddenSize: number;
  /** Default 12. */
  numLayers: number;
  /** Width I of the feed-forward. Default 4 hiddenSize. */
  intermediateSize: number;
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
  /** Adds a long convolution without gates to each mixer. Default true. */
  residualConvolution: boolean;
  /** A norm of each mixer's input and dropout inside; of the first 80M model alone. Default false. */
  trainingAdditions: boolean;
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
  /** Epsilon of the layer norms. Default 1e-12. */
  normEpsilon: number;
  /** Dropout behind embeddings and feed-forwards. Default 0. */
  dropout: number;
  /** Seed of the first weights. Default 0. */
  seed: number;
}

/** What {@link m2Bert} takes: everything has a default. */
export type M2BertOptions = Partial<M2BertConfig>;

/** The rules of all fields, given the fields that others' defaults depend on. */
export const m2BertFields = ({hiddenSize = 768, maxSequenceLength = 128}: M2BertOptions) => ({
  vocabSize: fields.count(30528),
  hiddenSize: fields.count(768),
  numLayers: fields.count(12),
  intermediateSize: fields.count(4 * hiddenSize),
  maxSequenceLength: fields.count(128),
  filterLength: fields.count(maxSequenceLength),
  typeVocabSize: fields.count(2),
  padToken: fields.count(0, 0),
  positionEmbeddings: fields.flag(true),
  bidirectional: fields.flag(true),
  residualConvolution: fields.flag(true),
  trainingAdditions: fields.flag(false),
  gated: fields.flag(true),
  numBlocks: fields.count(4),
  positionSize: fields.count(5, 3),
  filterSize: fields.count(128),
  frequency: fields.positive(10),
  frequencyScale: fields.positive(1),
  trainPositions: fields.flag(true),
  normEpsilon: fields.positive(1e-12),
  dropout: fields.rate(0),
  seed: fields.count(0, 0),
});

/** Throws a ConfigError where fields do not go together. */
export function assertM2Bert(config: M2BertConfig, architecture: string): void {
  const {filterLength, maxSequenceLength, positionSize, padToken, vocabSize} = config;
  const check = (condition: boolean, message: string) => requireConfig(condition, architecture, message);
  check(positionSize % 2 === 1, `positionSize is ${positionSize}, but must be odd`);
  check(
    filterLength >= maxSequenceLength,
    `filterLength is ${filterLength}, but must be at least maxSequenceLength ${maxSequenceLength}`,
  );
  check(padToken < vocabSize, `padToken is ${padToken}, but must be below vocabSize ${vocabSize}`);
}

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveM2Bert(options: M2BertOptions): M2BertConfig {
  const config = resolveFields<M2BertConfig>('m2Bert', m2BertFields(options), options);
  assertM2Bert(config, 'm2Bert');
  return config;
}

/** All weights of a masked language model counted once. */
export function countM2BertParameters(config: M2BertConfig): number {
  const {vocabSize, hiddenSize: D, numLayers, typeVocabSize, maxSequenceLength, positionEmbeddings} = config;
  const norm = 2 * D;
  const embeddings = (vocabSize + typeVocabSize + (positionEmbeddings ? maxSequenceLength : 0)) * D + norm;
  const mixer = mixerParameters({...config, basisBlock: null}) + (config.trainingAdditions ? norm : 0);
  const head = D * D + D + norm + vocabSize;
  return embeddings + numLayers * (mixer + feedForwardParameters(config) + norm) + head;
}
