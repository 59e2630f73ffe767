/** By how much pairs of features turn: what `rotaryTables` makes cosines and sines of. */
export interface RotaryAngles {
  /** Radians per position, one per pair of features. See `rotaryFrequencies`. */
  frequencies: readonly number[];
  /** What cosines and sines are multiplied with, as in YaRN (Peng et al. 2023, arXiv 2309.00071). Default 1. */
  factor?: number;
  /** What stands in their place in longer sequences. Default: nothing. */
  beyond?: LongerAngles | null;
}

/** The angles of sequences that are longer than a model was made for. */
export interface LongerAngles {
  /** The longest sequence, in positions, that these are not for. */
  length: number;
  /** Radians per position. */
  frequencies: readonly number[];
  /** What cosines and sines are multiplied with. Default 1. */
  factor?: number;
  /** How they change with the length. Default: not at all. */
  growth?: AngleGrowth | null;
}

/**
 * How angles follow the length n of a sequence, its last position + 1. With G = 1 + slope (n / original - 1), a frequency θ
 * and the factor become
 *
 *     θ (kept + (1 - kept) G^-exponent)        factor (1 + temperature ln G)
 */
export interface AngleGrowth {
  original: number;
  slope: number;
  /** One per pair. */
  exponents: readonly number[];
  /** One per pair, from 0 to 1. */
  kept: readonly number[];
  temperature: number;
}

/** The frequencies and the factor for a sequence of so many positions. */
export function anglesAt(angles: RotaryAngles, length: number): {frequencies: readonly number[]; factor: number} {
  const {beyond} = angles;
  const {frequencies, factor, growth}: Partial<LongerAngles> = beyond && length > beyond.length ? beyond : angles;
  const plain = {frequencies: frequencies as readonly number[], factor: factor ?? 1};
  if (!growth) return plain;
  const {original, slope, exponents, kept, temperature} = growth;
  const grown = 1 + slope * (length / original - 1);
  return {
    frequencies: plain.frequencies.map((theta, i) => theta * (kept[i] + (1 - kept[i]) * grown ** -exponents[i])),
    factor: plain.factor * (1 + temperature * Math.log(grown)),
  };
}
