import {
  type Activation,
  activations,
  fields,
  requireConfig,
  requireDivides,
  requireGivenFields,
  resolveFields,
  type SequenceToSequenceConfig,
  type StackFields,
  stackFields,
} from '@variants/core';

/** The configuration of an encoder-decoder. Defaults are the paper's base model, with its norms in front. */
export interface EncoderDecoderConfig extends SequenceToSequenceConfig, Omit<StackFields, 'numLayers'> {
  /** Number of different tokens of a source. */
  sourceVocabSize: number;
  /** Number of different tokens of a target. Default sourceVocabSize. */
  targetVocabSize: number;
  /** Default: one per 64 of hiddenSize, at least 1. */
  numHeads: number;
  /** Default 6. */
  numEncoderLayers: number;
  /** Default 6. */
  numDecoderLayers: number;
  /** Of the feed-forwards. Default 'relu'. */
  activation: Activation;
  /** 'pre': norms in front of each part, which trains more easily; 'post': behind each sum, as in the paper. Default 'pre'. */
  normalization: 'pre' | 'post';
  /** A norm behind the encoder and one behind the decoder. Default: with 'pre' alone, as without them in the paper. */
  finalNorm: boolean;
  /** One matrix for source, target and output, as in the paper. Default false. */
  shareEmbeddings: boolean;
  /** A bias on the logits. Default: unless embeddings are shared, which leaves none. */
  outputBias: boolean;
  /** Multiplies embeddings by sqrt(hiddenSize), as in the paper. Default true. */
  scaleEmbedding: boolean;
  /** The longest source and the longest target. Default 1024. */
  maxSequenceLength: number;
  /** The id that fills up shorter rows. Default 0. */
  padToken: number;
  /** The share of the probability that training spreads over all tokens, 0 up to 1. Default 0. */
  labelSmoothing: number;
  /** Dropout on the embeddings with their positions and on each part's output. Default 0. */
  dropout: number;
}

/** What {@link encoderDecoder} takes: everything but sourceVocabSize has a default. */
export type EncoderDecoderOptions = Partial<EncoderDecoderConfig> & Pick<EncoderDecoderConfig, 'sourceVocabSize'>;

const architecture = 'encoderDecoder';

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveEncoderDecoderConfig(options: EncoderDecoderOptions): EncoderDecoderConfig {
  requireGivenFields('encoderDecoder', options);
  const {hiddenSize = 512, normalization = 'pre', shareEmbeddings = false} = options;
  const {numLayers: _, ...stack} = stackFields({hiddenSize});
  const config = resolveFields<EncoderDecoderConfig>(
    architecture,
    {
      sourceVocabSize: fields.count(),
      targetVocabSize: fields.count(options.sourceVocabSize),
      ...stack,
      numHeads: fields.count(Math.max(1, Math.floor(hiddenSize / 64))),
      numEncoderLayers: fields.count(6),
      numDecoderLayers: fields.count(6),
      activation: fields.choice(activations, 'relu'),
      normalization: fields.choice(['pre', 'post'] as const, 'pre'),
      finalNorm: fields.flag(normalization === 'pre'),
      shareEmbeddings: fields.flag(false),
      outputBias: fields.flag(!shareEmbeddings),
      scaleEmbedding: fields.flag(true),
      maxSequenceLength: fields.count(1024),
      padToken: fields.count(0, 0),
      labelSmoothing: fields.rate(0),
    },
    options,
  );
  checkEncoderDecoderConfig(config);
  return config;
}

function checkEncoderDecoderConfig(config: EncoderDecoderConfig): void {
  const {shareEmbeddings, sourceVocabSize, targetVocabSize, padToken} = config;
  const check = (condition: boolean, message: string) => requireConfig(condition, architecture, message);
  requireDivides(architecture, config, 'numHeads', 'hiddenSize');
  check(
    !shareEmbeddings || sourceVocabSize === targetVocabSize,
    `targetVocabSize is ${targetVocabSize}, but must be sourceVocabSize ${sourceVocabSize} where embeddings are shared`,
  );
  check(
    !(shareEmbeddings && config.outputBias),
    'outputBias is true, but the logits have no bias where embeddings are shared',
  );
  const smaller = Math.min(sourceVocabSize, targetVocabSize);
  check(padToken < smaller, `padToken is ${padToken}, but must be below both vocabulary sizes, ${smaller}`);
}

/** All weights counted once. */
export function countEncoderDecoderParameters(config: EncoderDecoderConfig): number {
  const {sourceVocabSize, targetVocabSize, hiddenSize: D, intermediateSize: F} = config;
  const {numEncoderLayers, numDecoderLayers, shareEmbeddings, outputBias, finalNorm} = config;
  const attention = 4 * (D * D + D);
  const feedForward = 2 * D * F + F + D;
  const norm = 2 * D;
  const encoderLayer = attention + feedForward + 2 * norm;
  const decoderLayer = 2 * attention + feedForward + 3 * norm;
  const separate = (sourceVocabSize + 2 * targetVocabSize) * D + (outputBias ? targetVocabSize : 0);
  const embeddings = shareEmbeddings ? sourceVocabSize * D : separate;
  return embeddings + numEncoderLayers * encoderLayer + numDecoderLayers * decoderLayer + (finalNorm ? 2 * norm : 0);
}
