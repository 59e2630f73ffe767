import {
  type Activation,
  activations,
  type DecoderFields,
  decoderFields,
  type Fields,
  fields,
  requireConfig,
  requireGivenFields,
  resolveFields,
  usualHeads,
} from '@variants/core';
import {geometricPatterns, ofLayer, patternField} from './patterns';
import {UNUSED_ROWS} from './positions';
import {checkDilatedConfig} from './projections';

/** The fields that LongNet's language model and its encoder have alike; defaults are torchscale's, at a smaller size. */
export interface LongNetFields extends DecoderFields {
  /** Default: one per 64 of hiddenSize. */
  numHeads: number;
  /**
   * Positions of a segment, for each pattern: one list for all layers, or a list of lists with one for each. Default [128, 256,
   * 512, 1024, 2048, 4096].
   */
  segmentLengths: number[] | number[][];
  /** Of so many positions in a row a head keeps one: as segmentLengths. Default [1, 2, 4, 8, 16, 32]. */
  dilations: number[] | number[][];
  /** Turns queries and keys by xPos. Default true. */
  xPos: boolean;
  /** Positions over which a score falls by ζ. Default 512. */
  xPosScaleBase: number;
  /** Learned vectors for so many positions, the longest sequence then. Default none, and no limit. */
  learnedPositions: number | null;
  /** Of the feed-forward. Default 'gelu'. */
  activation: Activation;
  /** 'pre', or 'deepnorm' for very deep models: norms behind the sums, skip connections scaled by (2 numLayers)^(1/4). Default 'pre'. */
  normalization: 'pre' | 'deepnorm';
  /** Norms before the last projection of attention and feed-forward (Magneto); with 'pre' alone. Default: with 'pre'. */
  subLayerNorm: boolean;
  /** Multiplies embeddings by sqrt(hiddenSize). Default false. */
  scaleEmbedding: boolean;
  /** A norm behind the embedding. Default false. */
  embeddingNorm: boolean;
  /**
   * Whether the gradient goes through the shares of the patterns too; if not, they are constants to it, as in the authors' code.
   * Default false.
   */
  differentiateShares: boolean;
  /** The share of attention probabilities set to zero in training. Default 0. */
  attentionDropout: number;
}

/** The configuration of a LongNet language model. */
export type LongNetConfig = LongNetFields;

/** The configuration of a LongNet encoder. */
export interface LongNetEncoderConfig extends LongNetFields {
  /** The id that fills up shorter rows, which nobody looks at then. Default: there is none. */
  padToken: number | null;
  /**
   * Whether the zeros that fill up segments are hidden; if not, they take part as keys of score 0, as in the authors' code.
   * Default false.
   */
  maskFilling: boolean;
  /** A norm behind the last block, with 'pre' alone. Default: with 'pre'. */
  outputNorm: boolean;
}

/** What {@link longnet} takes: everything but vocabSize has a default. */
export type LongNetOptions = Partial<LongNetConfig> & Pick<LongNetConfig, 'vocabSize'>;

/** What {@link longnetEncoder} takes: everything but vocabSize has a default. */
export type LongNetEncoderOptions = Partial<LongNetEncoderConfig> & Pick<LongNetEncoderConfig, 'vocabSize'>;

function longNetRules(options: Partial<LongNetFields>): Fields<LongNetFields> {
  const {hiddenSize = 512, normalization = 'pre'} = options;
  const {segmentLengths, dilations} = geometricPatterns();
  return {
    ...decoderFields({hiddenSize}),
    numHeads: fields.count(usualHeads(hiddenSize)),
    segmentLengths: patternField(segmentLengths),
    dilations: patternField(dilations),
    xPos: fields.flag(true),
    xPosScaleBase: fields.positive(512),
    learnedPositions: fields.optional(fields.count()),
    activation: fields.choice(activations, 'gelu'),
    normalization: fields.choice(['pre', 'deepnorm'] as const, 'pre'),
    subLayerNorm: fields.flag(normalization === 'pre'),
    scaleEmbedding: fields.flag(false),
    embeddingNorm: fields.flag(false),
    differentiateShares: fields.flag(false),
    attentionDropout: fields.dropout(),
  };
}

/**
 * Completes and checks the configuration of a language model.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveLongNetConfig(options: LongNetOptions): LongNetConfig {
  requireGivenFields('longnet', options);
  const config = resolveFields<LongNetConfig>('longnet', longNetRules(options), options);
  checkLongNetFields('longnet', config);
  return config;
}

/**
 * Completes and checks the configuration of an encoder.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveLongNetEncoderConfig(options: LongNetEncoderOptions): LongNetEncoderConfig {
  requireGivenFields('longnet-encoder', options);
  const {normalization = 'pre'} = options;
  const config = resolveFields<LongNetEncoderConfig>(
    'longnet-encoder',
    {
      ...longNetRules(options),
      padToken: fields.optional(fields.count(undefined, 0)),
      maskFilling: fields.flag(false),
      outputNorm: fields.flag(normalization === 'pre'),
    },
    options,
  );
  checkLongNetFields('longnet-encoder', config);
  const {padToken, vocabSize, outputNorm} = config;
  requireConfig(
    padToken === null || padToken < vocabSize,
    'longnet-encoder',
    `padToken is ${padToken}, but must be below vocabSize ${vocabSize}, or null`,
  );
  requireConfig(
    !outputNorm || config.normalization === 'pre',
    'longnet-encoder',
    `outputNorm is true, but normalization deepnorm has none`,
  );
  return config;
}

function checkLongNetFields(name: string, config: LongNetFields): void {
  const {numLayers, segmentLengths, dilations, normalization, subLayerNorm} = config;
  requireConfig(
    !subLayerNorm || normalization === 'pre',
    name,
    `subLayerNorm is true, but normalization deepnorm has none`,
  );
  for (const [field, lists] of Object.entries({segmentLengths, dilations}))
    requireConfig(
      !Array.isArray(lists[0]) || lists.length === numLayers,
      name,
      `${field} has ${lists.length} lists, but must have one for each of numLayers ${numLayers}, or be a list of numbers`,
    );
  // Where all layers are alike, one speaks for them.
  const numLists = [segmentLengths, dilations].some((lists) => Array.isArray(lists[0])) ? numLayers : 1;
  for (let i = 0; i < numLists; i++) checkDilatedConfig(name, layerConfig(config, i), config.hiddenSize);
}

/** The fields of a layer: those of the model, with its own patterns. */
export function layerConfig<Config extends LongNetFields>(
  config: Config,
  i: number,
): Omit<Config, 'segmentLengths' | 'dilations'> & {segmentLengths: number[]; dilations: number[]} {
  const {segmentLengths, dilations} = config;
  return {...config, segmentLengths: ofLayer(segmentLengths, i), dilations: ofLayer(dilations, i)};
}

/** All weights counted once. */
export function countParameters(config: LongNetFields & {outputNorm?: boolean}): number {
  const {vocabSize: vocabulary, hiddenSize: D, intermediateSize: F, numLayers, learnedPositions, subLayerNorm} = config;
  const attention = 4 * (D * D + D) + (subLayerNorm ? 2 * D : 0);
  const feedForward = 2 * D * F + D + F + (subLayerNorm ? 2 * F : 0);
  const positions = learnedPositions === null ? 0 : (learnedPositions + UNUSED_ROWS) * D;
  const hasOutputNorm = config.outputNorm ?? config.normalization === 'pre';
  const norms = 2 * D * ((config.embeddingNorm ? 1 : 0) + (hasOutputNorm ? 1 : 0));
  const embeddings = vocabulary * D * (config.tieEmbedding ? 1 : 2) + positions;
  return embeddings + numLayers * (attention + feedForward + 4 * D) + norms;
}
