/**
 * Rotary frequencies of a model that reads longer texts than it was first trained on.
 *
 *     d      features that turn, in d/2 pairs i        θ_i   base^(-2i/d)
 *     L      the length of the first training          s     the factor, by which texts are longer than L
 *     n      the length of a sequence
 */
import type {RotaryAngles} from './angles';
import {rotaryFrequencies} from './frequencies';

/** The fields of YaRN's ramp between the frequencies that are kept and those that are divided. */
interface YarnRamp {
  /** From so many turns within the original length on a frequency is kept. Default 32. */
  betaFast?: number;
  /** Up to so many it is divided. Default 1. */
  betaSlow?: number;
  /** Whether the ramp's ends are rounded to whole pairs, outwards. Default true. */
  truncate?: boolean;
  /** How much of a frequency is kept at most. Default 1. */
  extrapolationFactor?: number;
  /** What the computed attention factor is multiplied with besides. Default 1. */
  attentionScale?: number;
}

/**
 * How rotary frequencies are stretched for longer texts. Factors are at least 1. Where the frequencies follow the length of
 * a sequence (dynamic, dynamicLinear, dynamicYarn, longrope) see `SelfAttention` for what that means in a stream.
 */
export type RopeScaling =
  /** Position interpolation (Chen et al. 2023, arXiv 2306.15595): θ / s. */
  | {type: 'linear'; factor: number}
  /** NTK-aware (bloc97 2023): the base times s^(d/(d-2)), which keeps the fastest pair and divides the slowest by s. */
  | {type: 'ntk'; factor: number}
  /** NTK-aware with s n/L - (s - 1) for s, in sequences that are longer than L (emozilla 2023). */
  | {type: 'dynamic'; factor: number; originalMaxSequenceLength: number}
  /** Position interpolation by n/L, in sequences that are longer than L. */
  | {type: 'dynamicLinear'; originalMaxSequenceLength: number}
  /** The first NTK-by-parts (bloc97 2023): a ramp from linear to NTK-aware frequencies, and one from those to plain ones. */
  | {
      type: 'ntkByParts';
      factor: number;
      originalMaxSequenceLength: number;
      /** How much of the NTK-aware frequencies is taken at most. Default 1. */
      ntkFactor?: number;
      /** How much of the plain ones. Default 1. */
      extrapolationFactor?: number;
    }
  /** YaRN (Peng et al. 2023, arXiv 2309.00071): fast pairs kept, slow ones divided by s, and a factor on cos and sin. */
  | ({
      type: 'yarn';
      factor: number;
      originalMaxSequenceLength: number;
      /** The factor on cos and sin. Default: 0.1 ln s + 1, or by mscale. */
      attentionFactor?: number;
      /** With mscaleAllDim the attention factor is (0.1 mscale ln s + 1) / (0.1 mscaleAllDim ln s + 1). Default: none. */
      mscale?: number;
      /** See mscale. */
      mscaleAllDim?: number;
    } & YarnRamp)
  /** YaRN with n/L for s, in sequences that are longer than maxSequenceLength. */
  | ({
      type: 'dynamicYarn';
      originalMaxSequenceLength: number;
      /** The longest sequence that is left alone. Default originalMaxSequenceLength. */
      maxSequenceLength?: number;
      /** Whether those that are not longer get YaRN's frequencies for maxSequenceLength; else plain ones. Default false. */
      finetuned?: boolean;
    } & YarnRamp)
  /** LongRoPE (Ding et al. 2024, arXiv 2402.13753): each pair divided by a factor of its own, in long sequences by another. */
  | {
      type: 'longrope';
      /** One per pair, for sequences up to the original length. */
      shortFactors: readonly number[];
      /** One per pair, for longer ones. */
      longFactors: readonly number[];
      originalMaxSequenceLength: number;
      /** s, for the factor on cos and sin alone. */
      factor: number;
      /** The factor on cos and sin. Default sqrt(1 + ln s / ln L). */
      attentionFactor?: number;
    }
  /** Llama 3's: slow frequencies divided by `factor`, fast ones kept, those between mixed. */
  | {
      type: 'llama3';
      factor: number;
      /** Up to so many turns within the original length a frequency is slow. */
      lowFrequencyFactor: number;
      /** From so many turns on it is fast. */
      highFrequencyFactor: number;
      /** Positions that the model was first trained on. */
      originalMaxSequenceLength: number;
    };

type Of<Type extends RopeScaling['type']> = Extract<RopeScaling, {type: Type}>;

/**
 * The angles of rotary positions with a scaling, θ_i = base^(-2i/size) for i = 0 .. size/2 - 1 without.
 * @param size d: the features of a head that turn, even.
 */
export function scaledAngles(size: number, base: number, scaling: RopeScaling | null): RotaryAngles {
  const frequencies = rotaryFrequencies(size, base);
  switch (scaling?.type) {
    case undefined:
      return {frequencies};
    case 'linear':
      return {frequencies: frequencies.map((theta) => theta / scaling.factor)};
    case 'ntk':
      return {frequencies: ntkAware(frequencies, scaling.factor)};
    case 'dynamic': {
      const {factor: slope, originalMaxSequenceLength: length} = scaling;
      return followingLength(frequencies, {length, slope, exponents: ntkExponents(frequencies.length)});
    }
    case 'dynamicLinear':
      return followingLength(frequencies, {length: scaling.originalMaxSequenceLength, slope: 1});
    case 'ntkByParts':
      return {frequencies: byParts(frequencies, base, scaling)};
    case 'yarn':
      return yarn(frequencies, base, scaling);
    case 'dynamicYarn':
      return dynamicYarn(frequencies, base, scaling);
    case 'longrope':
      return longrope(frequencies, scaling);
    case 'llama3':
      return {frequencies: llama3(frequencies, scaling)};
  }
}

/** e_i with which a base times s^(d/(d-2)) makes θ_i s^-e_i of θ_i: 2i/(d-2). */
function ntkExponents(pairs: number): number[] {
  return Array.from({length: pairs}, (_, i) => (pairs === 1 ? 0 : i / (pairs - 1)));
}

function ntkAware(frequencies: readonly number[], factor: number): number[] {
  const exponents = ntkExponents(frequencies.length);
  return frequencies.map((theta, i) => theta * factor ** -exponents[i]);
}

/** Plain frequencies up to a length, and beyond it θ (1 + slope (n/length - 1))^-exponent. */
function followingLength(
  frequencies: readonly number[],
  {length, slope, exponents}: {length: number; slope: number; exponents?: readonly number[]},
): RotaryAngles {
  const each = (value: number) => frequencies.map(() => value);
  const growth = {original: length, slope, exponents: exponents ?? each(1), kept: each(0), temperature: 0};
  return {frequencies, beyond: {length, frequencies, growth}};
}

/**
 * How much of each pair's frequency is kept: 1 for those that turn `fast` times or more within the original length, 0 for
 * those that turn `slow` times or less, and between them falling with the pair's number.
 */
function ramp(pairs: number, base: number, length: number, fast: number, slow: number, truncate = true): number[] {
  const pairThatTurns = (times: number) => (pairs * Math.log(length / (2 * Math.PI * times))) / Math.log(base);
  const [first, last] = [pairThatTurns(fast), pairThatTurns(slow)];
  const low = Math.max(0, truncate ? Math.floor(first) : first);
  // The authors' bound is the number of features, not of pairs.
  let high = Math.min(2 * pairs - 1, truncate ? Math.ceil(last) : last);
  if (high === low) high += 0.001;
  return Array.from({length: pairs}, (_, i) => 1 - Math.min(1, Math.max(0, (i - low) / (high - low))));
}

const mix = (a: readonly number[], b: readonly number[], ofB: readonly number[]): number[] =>
  a.map((value, i) => value * (1 - ofB[i]) + b[i] * ofB[i]);

function byParts(plain: readonly number[], base: number, scaling: Of<'ntkByParts'>): number[] {
  const {factor, originalMaxSequenceLength: length, ntkFactor = 1, extrapolationFactor = 1} = scaling;
  const part = (fast: number, slow: number, most: number) =>
    ramp(plain.length, base, length, fast, slow).map((kept) => kept * most);
  const linear = plain.map((theta) => theta / factor);
  const towardsNtk = mix(linear, ntkAware(plain, factor), part(1.25, 0.75, ntkFactor));
  return mix(towardsNtk, plain, part(16, 2, extrapolationFactor));
}

function yarnKept(pairs: number, base: number, scaling: YarnRamp & {originalMaxSequenceLength: number}): number[] {
  const {betaFast = 32, betaSlow = 1, truncate, extrapolationFactor = 1, originalMaxSequenceLength} = scaling;
  const kept = ramp(pairs, base, originalMaxSequenceLength, betaFast, betaSlow, truncate);
  return kept.map((share) => share * extrapolationFactor);
}

/** How much cos and sin grow with the factor, as the paper fitted it. */
const temperature = 0.1;

function yarn(frequencies: readonly number[], base: number, scaling: Of<'yarn'>): RotaryAngles {
  const {factor: s, attentionScale = 1, mscale, mscaleAllDim} = scaling;
  const grown = (scale: number) => temperature * scale * Math.log(s) + 1;
  const usual = mscale && mscaleAllDim ? grown(mscale) / grown(mscaleAllDim) : grown(1);
  const divided = frequencies.map((theta) => theta / s);
  return {
    frequencies: mix(divided, frequencies, yarnKept(frequencies.length, base, scaling)),
    factor: scaling.attentionFactor ?? usual * attentionScale,
  };
}

function dynamicYarn(frequencies: readonly number[], base: number, scaling: Of<'dynamicYarn'>): RotaryAngles {
  const {originalMaxSequenceLength: original, maxSequenceLength: length = original, finetuned, ...ramps} = scaling;
  const asTrained: Of<'yarn'> = {
    ...ramps,
    type: 'yarn',
    factor: length / original,
    originalMaxSequenceLength: original,
  };
  const kept = yarnKept(frequencies.length, base, scaling);
  const exponents = kept.map(() => 1);
  return {
    ...(finetuned ? yarn(frequencies, base, asTrained) : {frequencies}),
    beyond: {
      length,
      frequencies,
      factor: scaling.attentionScale ?? 1,
      growth: {original, slope: 1, exponents, kept, temperature},
    },
  };
}

function longrope(frequencies: readonly number[], scaling: Of<'longrope'>): RotaryAngles {
  const {shortFactors, longFactors, originalMaxSequenceLength: length, factor: s} = scaling;
  const factor = scaling.attentionFactor ?? Math.sqrt(1 + Math.log(s) / Math.log(length));
  const divided = (factors: readonly number[]) => frequencies.map((theta, i) => theta / factors[i]);
  return {frequencies: divided(shortFactors), factor, beyond: {length, frequencies: divided(longFactors), factor}};
}

/** With t the turns of a frequency within the original length: (1 - m) θ/s + m θ, m = clamp((t - low) / (high - low), 0, 1). */
function llama3(frequencies: readonly number[], scaling: Of<'llama3'>): number[] {
  const {factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalMaxSequenceLength} = scaling;
  return frequencies.map((theta) => {
    const turns = (originalMaxSequenceLength * theta) / (2 * Math.PI);
    const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)));
    return ((1 - kept) * theta) / factor + kept * theta;
  });
}
