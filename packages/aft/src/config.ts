import {
  type DecoderFields,
  decoderFields,
  type Fields,
  fields,
  requireConfig,
  requireDivides,
  requireGivenFields,
  requireOnlyIn,
  resolveFields,
} from '@variants/core';

/** The variants of AFT for sequences. */
const variants = ['simple', 'full', 'local', 'conv'] as const;
/** A variant of AFT for sequences. */
export type AftVariant = (typeof variants)[number];

/** What models and layers take where nothing else is said. */
export const mixerDefaults = {
  maxSequenceLength: 1024,
  windowSize: 32,
  kernelSize: 11,
  numHeads: (mixerSize: number) => (mixerSize % 16 === 0 ? mixerSize / 16 : 1),
};

/** The fields about its mixers that every model's configuration has. */
export interface MixerFields {
  /** The variant of AFT. */
  variant: AftVariant;
  /** Width D. Default 512. */
  hiddenSize: number;
  /** Width H of queries, keys and values. Default hiddenSize. */
  mixerSize: number;
  /** Biases on queries, keys and values. Default true. */
  useBias: boolean;
  /** s of variant 'local': positions have a bias where they are less than s apart. Default 32; 0 in the others. */
  windowSize: number;
  /**
   * d' of variants 'full' and 'local': columns of the factors of the position biases, 0 for a matrix of positions by positions.
   * Default 64; 0 in the others.
   */
  factorSize: number;
  /** Heads of variant 'conv', each with one key per position. Default: one per 16 of mixerSize, or 1; 0 in the others. */
  numHeads: number;
  /** s of variant 'conv': taps of a head along an axis. Default 11; 0 in the others. */
  kernelSize: number;
  /** Added to the variance of a head's taps. Default 1e-6. */
  kernelEpsilon: number;
}

/** The configuration of an AFT language model; defaults are those of the paper's, at a smaller size. */
export interface AftConfig extends DecoderFields, MixerFields {
  /**
   * The longest sequence: there are learned positions for so many. Default 1024. In variants 'simple' and 'conv' 0 stands
   * for none: order shows in what a position has seen, and a sequence may be of any length.
   */
  maxSequenceLength: number;
}

/** What {@link aft} takes: everything but vocabSize has a default; that of `variant` is 'local'. */
export type AftOptions = Partial<AftConfig> & Pick<AftConfig, 'vocabSize'>;

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveAftConfig(options: AftOptions): AftConfig {
  requireGivenFields('aft', options);
  const config = resolveFields<AftConfig>(
    'aft',
    {
      ...decoderFields({hiddenSize: options.hiddenSize}),
      ...mixerRules(options, 'local'),
      maxSequenceLength: fields.count(mixerDefaults.maxSequenceLength, 0),
    },
    options,
  );
  checkMixerConfig('aft', config, true);
  const {variant, maxSequenceLength} = config;
  requireConfig(
    maxSequenceLength > 0 || !hasPositionBiases(variant),
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

/**
 * The weights of a mixer, counted.
 * @param positions That full and local have biases for.
 * @param axes That the taps of conv lie along.
 */
export function countMixer(config: MixerFields, positions: number, axes: 1 | 2): number {
  const {variant, hiddenSize: D, mixerSize: H, useBias, factorSize, numHeads, kernelSize} = config;
  const K = variant === 'conv' ? numHeads : H;
  const projections = D * (2 * H + K) + (useBias ? 2 * H + K : 0) + H * D + D;
  if (variant === 'simple') return projections;
  if (variant === 'conv') return projections + numHeads * (kernelSize ** axes + 2);
  return projections + positions * (factorSize === 0 ? positions : 2 * factorSize);
}

/** Whether a variant has a bias for each pair of positions. */
function hasPositionBiases(variant: AftVariant): boolean {
  return variant === 'full' || variant === 'local';
}

/** The rules of the fields about mixers. */
export function mixerRules(options: Partial<MixerFields>, usual: AftVariant): Fields<MixerFields> {
  const {variant = usual, hiddenSize = 512, mixerSize = hiddenSize} = options;
  const isConv = variant === 'conv';
  return {
    variant: fields.choice(variants, usual),
    hiddenSize: fields.count(hiddenSize),
    mixerSize: fields.count(mixerSize),
    useBias: fields.flag(true),
    windowSize: fields.count(variant === 'local' ? mixerDefaults.windowSize : 0, 0),
    factorSize: fields.count(hasPositionBiases(variant) ? 64 : 0, 0),
    numHeads: fields.count(isConv ? mixerDefaults.numHeads(mixerSize) : 0, 0),
    kernelSize: fields.count(isConv ? mixerDefaults.kernelSize : 0, 0),
    kernelEpsilon: fields.positive(1e-6),
  };
}

/** The variants in which a field is at least 1; in the others it is 0. */
const variantsWith = {
  windowSize: ['local'],
  numHeads: ['conv'],
  kernelSize: ['conv'],
} satisfies {[field in keyof MixerFields]?: AftVariant[]};

/**
 * Checks the fields about mixers against each other.
 * @param causal Whether positions see themselves and earlier ones alone.
 * @throws ConfigError
 */
export function checkMixerConfig(architecture: string, config: MixerFields, causal: boolean): void {
  const {variant, kernelSize} = config;
  requireOnlyIn(architecture, config, 'variant', variantsWith);
  requireOnlyIn(architecture, config, 'variant', {factorSize: ['full', 'local']}, 0);
  if (variant !== 'conv') return;
  requireDivides(architecture, config, 'numHeads', 'mixerSize');
  requireConfig(causal || kernelSize % 2 === 1, architecture, `kernelSize is ${kernelSize}, but must be odd`);
}
