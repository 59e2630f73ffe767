import {
  type Activation,
  activations,
  type Field,
  type Fields,
  fields,
  type LanguageModelConfig,
  requireConfig,
  requireDivides,
  requireGivenFields,
  resolveFields,
  type StackFields,
  stackFields,
} from '@variants/core';

/**
 * How the channels of several filters lie side by side: 'order-first', all channels of the first filter, then those of the
 * next (safari's standalone operator, HyenaDNA), or 'channel-first', the first channel of all filters, then the next
 * (safari's full operator). With order 2 there is one filter, and they are the same.
 */
export type FilterLayout = 'order-first' | 'channel-first';

/** All layouts. */
const filterLayouts = ['order-first', 'channel-first'] as const satisfies readonly FilterLayout[];

/** What a Hyena is made of up to its last norm; defaults are those of the published models, at a smaller size. */
export interface HyenaBackboneConfig extends LanguageModelConfig, StackFields {
  /** Number of different tokens; the authors fill it up to a multiple of 8. */
  vocabSize: number;
  /** Width D. Default 256. */
  hiddenSize: number;
  /** Default 4. */
  numLayers: number;
  /** The longest sequence: there are no taps of the filters beyond it. Default 1024. */
  maxSequenceLength: number;
  /** N: gates of an operator, one more than long convolutions; at least 2. Default 2. */
  order: number;
  /** Heads, which share filters. Default 1. */
  numHeads: number;
  /** Positions of the short convolution. Default 3. */
  shortFilterSize: number;
  /** Width of the network that makes the filters. Default 64. */
  filterSize: number;
  /** Features of a position for that network, odd and at least 3. Default 5. */
  positionSize: number;
  /** Layers of that network between the first and the last. Default 2. */
  numInnerLayers: number;
  /** What the frequencies of that network's sines begin at; 10 and 14 in the published models. Default 1, safari's. */
  frequency: number;
  /** The window that lets far taps decay. Default true. */
  modulated: boolean;
  /** The window's least value: 0.05 in HyenaDNA. Default 0. */
  shift: number;
  /** Divides the taps of a position by the sum of their absolute values. Default false. */
  normalized: boolean;
  /** Adds each long convolution's input to its output, times a learned number per channel. Default true. */
  useSkip: boolean;
  /** Whether training moves the features of positions; the authors do at a hundredth of the rate, or not. Default false. */
  trainPositions: boolean;
  /** Whether training moves the window's rates of decay. Default false. */
  trainDecays: boolean;
  /** Gates are summed over the channels of a head. Default false. */
  outerMixing: boolean;
  /** Mixes the heads behind each long convolution. Default false. */
  headMixing: boolean;
  /** Of an operator, before its output projection. Default 'identity'. */
  activation: Activation;
  /** How the filters' channels lie: 'channel-first' in safari, 'order-first' in HyenaDNA. Default 'channel-first'. */
  filterLayout: FilterLayout;
  /** Numbers of the layers that are attention instead. Default none. */
  attentionLayers: number[];
  /** Heads of those. Default: one per 64 of hiddenSize, or 1 where that is no multiple of 64. */
  numAttentionHeads: number;
  /** Positions of a learned embedding, 0 for none. Default 0. */
  maxPositions: number;
  /** Epsilon of the norms of blocks. Default 1e-5. */
  normEpsilon: number;
  /** Epsilon of the last norm. Default normEpsilon. */
  finalNormEpsilon: number;
  /** Dropout on the gated values. Default 0. */
  operatorDropout: number;
  /** Dropout on the embeddings. Default 0. */
  embeddingDropout: number;
}

/** The configuration of a Hyena language model. */
export interface HyenaConfig extends HyenaBackboneConfig {
  /** Uses the embedding's table for the logits. Default true. */
  tieEmbedding: boolean;
}

/** What {@link hyena} takes: everything but vocabSize has a default. */
export type HyenaOptions = Partial<HyenaConfig> & Pick<HyenaConfig, 'vocabSize'>;

/** What of a sequence a classifier looks at. */
export type Pooling = 'mean' | 'before-padding';

/** All ways of pooling. */
const poolings = ['mean', 'before-padding'] as const satisfies readonly Pooling[];

/** The configuration of a Hyena that classifies sequences. */
export interface HyenaClassifierConfig extends HyenaBackboneConfig {
  /** Number of classes. */
  numLabels: number;
  /**
   * 'mean': the mean over all positions, padding too, and a head with a bias, as HyenaDNA's own. 'before-padding': the
   * position before the first padding, the last where there is none or the sequence begins with it, and a head without a
   * bias, as Hugging Face's. Default 'mean'.
   */
  pooling: Pooling;
  /** The id that fills up shorter rows, which only 'before-padding' looks at. Default 4, HyenaDNA's; null with 'mean'. */
  padToken: number | null;
}

/** What {@link hyenaClassifier} takes: everything but vocabSize and numLabels has a default. */
export type HyenaClassifierOptions = Partial<HyenaClassifierConfig> &
  Pick<HyenaClassifierConfig, 'vocabSize' | 'numLabels'>;

const layerNumbers: Field<number[]> = {
  allowed: 'a list of different numbers of layers, from 0 on',
  accepts: (value) =>
    Array.isArray(value) &&
    value.every((i) => Number.isSafeInteger(i) && i >= 0) &&
    new Set(value).size === value.length,
  fallback: [],
};

/** The rules of the fields of a backbone, whose defaults depend on some of them. */
function hyenaBackboneRules({
  hiddenSize = 256,
  normEpsilon = 1e-5,
}: Partial<HyenaBackboneConfig>): Fields<HyenaBackboneConfig> {
  return {
    vocabSize: fields.count(),
    ...stackFields({hiddenSize, numLayers: 4, normEpsilon}),
    maxSequenceLength: fields.count(1024),
    order: fields.count(2, 2),
    numHeads: fields.count(1),
    shortFilterSize: fields.count(3),
    filterSize: fields.count(64),
    positionSize: fields.odd(5, 3),
    numInnerLayers: fields.count(2, 0),
    frequency: fields.positive(1),
    modulated: fields.flag(true),
    shift: fields.notNegative(0),
    normalized: fields.flag(false),
    useSkip: fields.flag(true),
    trainPositions: fields.flag(false),
    trainDecays: fields.flag(false),
    outerMixing: fields.flag(false),
    headMixing: fields.flag(false),
    activation: fields.choice(activations, 'identity'),
    filterLayout: fields.choice(filterLayouts, 'channel-first'),
    attentionLayers: layerNumbers,
    numAttentionHeads: fields.count(hiddenSize % 64 === 0 ? hiddenSize / 64 : 1),
    maxPositions: fields.count(0, 0),
    finalNormEpsilon: fields.epsilon(normEpsilon),
    operatorDropout: fields.dropout(),
    embeddingDropout: fields.dropout(),
  };
}

/** Checks what fields of a backbone must be to each other. */
export function checkHyenaBackboneConfig(architecture: string, config: HyenaBackboneConfig): void {
  const {attentionLayers, numLayers} = config;
  requireDivides(architecture, config, 'numHeads', 'hiddenSize');
  const none = attentionLayers.find((i) => i >= numLayers);
  requireConfig(
    none === undefined,
    architecture,
    `attentionLayers names layer ${none}, but there are ${numLayers}, from 0 on`,
  );
  if (attentionLayers.length > 0) requireDivides(architecture, config, 'numAttentionHeads', 'hiddenSize');
}

/** The rules of the fields of a language model. */
export const hyenaRules = (options: Partial<HyenaConfig>): Fields<HyenaConfig> => ({
  ...hyenaBackboneRules(options),
  tieEmbedding: fields.flag(true),
});

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveHyenaConfig(options: HyenaOptions): HyenaConfig {
  requireGivenFields('hyena', options);
  const config = resolveFields<HyenaConfig>('hyena', hyenaRules(options), options);
  checkHyenaBackboneConfig('hyena', config);
  return config;
}

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveHyenaClassifierConfig(options: HyenaClassifierOptions): HyenaClassifierConfig {
  requireGivenFields('hyenaClassifier', options);
  const {pooling = 'mean'} = options;
  const padToken = fields.count(4, 0);
  const rules = {
    ...hyenaBackboneRules(options),
    numLabels: fields.count(),
    pooling: fields.choice(poolings, 'mean'),
    padToken: pooling === 'mean' ? fields.optional(padToken) : padToken,
  };
  const config = resolveFields<HyenaClassifierConfig>('hyenaClassifier', rules, options);
  checkHyenaBackboneConfig('hyenaClassifier', config);
  return config;
}

/** All weights up to the last norm. */
function countBackbone(config: HyenaBackboneConfig): number {
  const {vocabSize, hiddenSize: D, numLayers, maxPositions, attentionLayers} = config;
  const {intermediateSize: F} = config;
  const block = 4 * D + 2 * D * F + F + D;
  const attention = 4 * D * D + 4 * D;
  const operators = (numLayers - attentionLayers.length) * countOperator(config);
  return (vocabSize + maxPositions) * D + numLayers * block + attentionLayers.length * attention + operators + 2 * D;
}

function countOperator(config: HyenaBackboneConfig): number {
  const {hiddenSize: D, order, numHeads, shortFilterSize, headMixing} = config;
  const {filterSize: F, positionSize, numInnerLayers, maxSequenceLength} = config;
  const wide = (order + 1) * D;
  const channels = ((order - 1) * D) / numHeads;
  const network = positionSize * F + F + numInnerLayers * (F * F + F) + F * channels;
  const filter = maxSequenceLength * positionSize + F + network + channels;
  const mixing = headMixing ? order * numHeads ** 2 : 0;
  return D * wide + wide + (shortFilterSize + 1) * wide + filter + channels + mixing + D * D + D;
}

/** All weights of a language model counted once, those that training does not move too. */
export function countParameters(config: HyenaConfig): number {
  return countBackbone(config) + (config.tieEmbedding ? 0 : config.vocabSize * config.hiddenSize);
}

/** All weights of a classifier counted once, those that training does not move too. */
export function countClassifierParameters(config: HyenaClassifierConfig): number {
  const {numLabels, hiddenSize, pooling} = config;
  return countBackbone(config) + numLabels * (hiddenSize + (pooling === 'mean' ? 1 : 0));
}
