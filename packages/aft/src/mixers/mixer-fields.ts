import {type Fields, fields, requireConfig} from '@variants/core';
import {type AftVariant, variants} from './mixer';

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
  /** Taps of the kernels of variant 'conv' along an axis. Default 11; 0 in the others. */
  kernelSize: number;
  /** Added to the variance of a kernel's taps. Default 1e-6. */
  kernelEpsilon: number;
}

/** The rules of those fields. */
export function mixerRules(options: Partial<MixerFields>, usual: AftVariant): Fields<MixerFields> {
  const {variant = usual, hiddenSize = 512, mixerSize = hiddenSize} = options;
  const hasBiases = variant === 'full' || variant === 'local';
  const isConv = variant === 'conv';
  return {
    variant: fields.choice(variants, usual),
    hiddenSize: fields.count(hiddenSize),
    mixerSize: fields.count(mixerSize),
    useBias: fields.flag(true),
    windowSize: fields.count(variant === 'local' ? 32 : 0, 0),
    factorSize: fields.count(hasBiases ? 64 : 0, 0),
    numHeads: fields.count(isConv ? (mixerSize % 16 === 0 ? mixerSize / 16 : 1) : 0, 0),
    kernelSize: fields.count(isConv ? 11 : 0, 0),
    kernelEpsilon: fields.positive(1e-6),
  };
}

/** What each field is 0 without, and in which variants it is at least 1. */
const variantsWith = {
  windowSize: ['local'],
  numHeads: ['conv'],
  kernelSize: ['conv'],
} satisfies {[field: string]: AftVariant[]};

/**
 * Checks fields against each other.
 * @param causal Whether positions see themselves and earlier ones alone.
 * @throws ConfigError
 */
export function assertMixer(architecture: string, config: MixerFields, causal: boolean): void {
  const {variant, factorSize, numHeads, kernelSize, mixerSize} = config;
  for (const [field, having] of Object.entries(variantsWith)) {
    const value = config[field as keyof typeof variantsWith];
    const isThere = (having as AftVariant[]).includes(variant);
    const allowed = isThere ? 'at least 1' : `0, as variant ${variant} has none`;
    requireConfig(value > 0 === isThere, architecture, `${field} is ${value}, but must be ${allowed}`);
  }
  const hasBiases = variant === 'full' || variant === 'local';
  requireConfig(
    factorSize === 0 || hasBiases,
    architecture,
    `factorSize is ${factorSize}, but must be 0, as variant ${variant} has none`,
  );
  requireConfig(
    variant !== 'conv' || mixerSize % numHeads === 0,
    architecture,
    `numHeads is ${numHeads}, but must divide mixerSize ${mixerSize}`,
  );
  requireConfig(
    variant !== 'conv' || causal || kernelSize % 2 === 1,
    architecture,
    `kernelSize is ${kernelSize}, but must be odd`,
  );
}

/**
 * The weights of a mixer, counted.
 * @param positions That full and local have biases for.
 * @param axes Of the kernels of conv.
 */
export function countMixer(config: MixerFields, positions: number, axes: 1 | 2): number {
  const {variant, hiddenSize: D, mixerSize: H, useBias, factorSize, numHeads, kernelSize} = config;
  const K = variant === 'conv' ? numHeads : H;
  const projections = D * (2 * H + K) + (useBias ? 2 * H + K : 0) + H * D + D;
  if (variant === 'simple') return projections;
  if (variant === 'conv') return projections + numHeads * (kernelSize ** axes + 2);
  return projections + positions * (factorSize === 0 ? positions : 2 * factorSize);
}
