import * as tf from '@tensorflow/tfjs';
import {ConfigError, type Fields, fields, resolveFields} from '@variants/core';

/**
 * How a pitch is heard, as a number that grows in even steps:
 *
 * - 'htk': m = 2595 log10(1 + f / 700);
 * - 'slaney': m = 3 f / 200 below 1000 Hz, above it 15 + 27 ln(f / 1000) / ln 6.4.
 *
 * Kaldi's own scale is HTK's with natural logarithms, 1127 ln(1 + f / 700).
 */
export type MelScale = 'htk' | 'slaney';

/** A scale in both directions. */
interface Scale {
  toMel(hertz: number): number;
  toHertz(mel: number): number;
}

/** Where Slaney's scale goes over from steps to ratios, and the logarithm of a step's ratio. */
const [breakHertz, breakMel, logStep] = [1000, 15, Math.log(6.4) / 27];

export const scales: {readonly [name in MelScale | 'kaldi']: Scale} = {
  htk: {
    toMel: (hertz) => 2595 * Math.log10(1 + hertz / 700),
    toHertz: (mel) => 700 * (10 ** (mel / 2595) - 1),
  },
  slaney: {
    toMel: (hertz) => (hertz < breakHertz ? (3 * hertz) / 200 : breakMel + Math.log(hertz / breakHertz) / logStep),
    toHertz: (mel) => (mel < breakMel ? (200 * mel) / 3 : breakHertz * Math.exp(logStep * (mel - breakMel))),
  },
  kaldi: {
    toMel: (hertz) => 1127 * Math.log(1 + hertz / 700),
    toHertz: (mel) => 700 * (Math.exp(mel / 1127) - 1),
  },
};

/** Options of {@link melFilterbank}. */
export interface MelFilterbankOptions {
  /** Samples per second of the waveform. Default 16000. */
  sampleRate: number;
  /** Samples that a spectrum is made of. Default 400. */
  fftSize: number;
  /** Filters. Default 80. */
  numMels: number;
  /** Where the lowest filter begins, in Hz. Default 0. */
  minFrequency: number;
  /** Where the highest filter ends, in Hz. Default: half the sample rate. */
  maxFrequency: number | null;
  /** Default 'htk'. */
  melScale: MelScale;
  /** Divides a filter by half its width in Hz (Slaney's norm), so that all have the same area. Default false. */
  normalized: boolean;
}

/** Rules of the options of filters. */
export const melRules: Fields<MelFilterbankOptions> = {
  sampleRate: fields.count(16000, 100),
  fftSize: fields.count(400, 2),
  numMels: fields.count(80),
  minFrequency: fields.notNegative(0),
  maxFrequency: fields.optional(fields.positive()),
  melScale: fields.choice(['htk', 'slaney'] as const, 'htk'),
  normalized: fields.flag(false),
};

/** Throws a ConfigError unless filters lie between two frequencies that the samples can hold. */
export function requireBand(owner: string, low: number, high: number, sampleRate: number): void {
  if (low < high && high <= sampleRate / 2) return;
  throw new ConfigError(
    `${owner}: filters from ${low} to ${high} Hz; minFrequency must be below maxFrequency, and that at most half of sampleRate ${sampleRate}`,
  );
}

/** So many points in equal steps of a scale, in Hz. */
export function pointsBetween(scale: Scale, low: number, high: number, count: number): number[] {
  const [from, to] = [scale.toMel(low), scale.toMel(high)];
  return Array.from({length: count}, (_, i) => scale.toHertz(from + ((to - from) * i) / (count - 1)));
}

/** How high a triangle over [left, right] with its tip of height 1 at `centre` is. */
export function triangle(x: number, left: number, centre: number, right: number): number {
  return Math.max(0, Math.min((x - left) / (centre - left), (right - x) / (right - centre)));
}

/**
 * Triangular filters whose tips are in equal steps of a mel scale, as torchaudio and librosa define them.
 * @returns [floor(fftSize / 2) + 1 frequencies, numMels]; a spectrum times it is a mel spectrum.
 * @throws ConfigError for an option.
 */
export function melFilterbank(options: Partial<MelFilterbankOptions> = {}): tf.Tensor2D {
  const complete = resolveFields('melFilterbank', melRules, options);
  const {sampleRate, fftSize, numMels, minFrequency, melScale, normalized} = complete;
  const nyquist = Math.floor(sampleRate / 2);
  const maxFrequency = complete.maxFrequency ?? sampleRate / 2;
  requireBand('melFilterbank', minFrequency, maxFrequency, sampleRate);
  const points = pointsBetween(scales[melScale], minFrequency, maxFrequency, numMels + 2);
  const bins = Math.floor(fftSize / 2) + 1;
  const weights = new Float32Array(bins * numMels);
  for (let k = 0; k < bins; k++)
    for (let m = 0; m < numMels; m++) {
      const [left, centre, right] = points.slice(m, m + 3);
      const height = normalized ? 2 / (right - left) : 1;
      weights[k * numMels + m] = height * triangle((nyquist * k) / (bins - 1), left, centre, right);
    }
  return tf.tensor2d(weights, [bins, numMels]);
}
