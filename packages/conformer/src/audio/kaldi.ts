import * as tf from '@tensorflow/tfjs';
import {ConfigError, type Fields, fields, Random, realFft, resolveFields} from '@variants/core';
import {framesOf, requireWaveform} from './frames';
import {filtered} from './log-mel';
import {pointsBetween, requireBand, scales, triangle} from './mel';
import {magnitudes} from './spectrogram';

/** Options of {@link kaldiFilters}. */
export interface KaldiFilterOptions {
  /** Samples per second of the waveform. Default 16000. */
  sampleRate: number;
  /** Filters. Default 80. */
  numMels: number;
  /** Milliseconds of a frame. Default 25. */
  frameLength: number;
  /** Where the lowest filter begins, in Hz. Default 20. */
  minFrequency: number;
  /** Where the highest filter ends, in Hz; 0 and below count from half the sample rate. Default 0. */
  maxFrequency: number;
}

/** Options of {@link kaldiFilterbank}, with Kaldi's own defaults but for `dither`. */
export interface KaldiFilterbankOptions extends KaldiFilterOptions {
  /** Milliseconds from a frame to the next. Default 10. */
  frameShift: number;
  /** Standard deviation of noise that is added to samples, in units of 16-bit samples; Kaldi's default is 1. Default 0. */
  dither: number;
  /** Seed of that noise. Default 0. */
  seed: number;
  /** y[j] = x[j] - preemphasis x[j - 1]. Default 0.97. */
  preemphasis: number;
  /** Default 'povey': the symmetric Hann window to the power of 0.85. */
  window: 'povey' | 'hann' | 'hamming' | 'rectangular';
  /** Subtracts each frame's mean. Default true. */
  removeOffset: boolean;
  /** What is filtered: energies |X|^2, or magnitudes |X|. Default 2. */
  power: number;
  /** What the samples are multiplied by: 32768 for those in [-1, 1], 1 for whole numbers of 16 bits. Default 32768. */
  scale: number;
}

const filterRules: Fields<KaldiFilterOptions> = {
  sampleRate: fields.count(16000, 100),
  numMels: fields.count(80),
  frameLength: fields.positive(25),
  minFrequency: fields.notNegative(20),
  maxFrequency: {
    allowed: 'a number',
    accepts: (value) => typeof value === 'number' && Number.isFinite(value),
    fallback: 0,
  },
};

const rules: Fields<KaldiFilterbankOptions> = {
  ...filterRules,
  frameShift: fields.positive(10),
  dither: fields.notNegative(0),
  seed: fields.seed(),
  preemphasis: fields.rate(0.97),
  window: fields.choice(['povey', 'hann', 'hamming', 'rectangular'] as const, 'povey'),
  removeOffset: fields.flag(true),
  power: fields.positive(2),
  scale: fields.positive(32768),
};

/** What a window is at sample n of so many. */
const windows: {readonly [name in KaldiFilterbankOptions['window']]: (n: number, length: number) => number} = {
  povey: (n, length) => windows.hann(n, length) ** 0.85,
  hann: (n, length) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / (length - 1)),
  hamming: (n, length) => 0.54 - 0.46 * Math.cos((2 * Math.PI * n) / (length - 1)),
  rectangular: () => 1,
};

/** Samples in so many milliseconds, and the power of two that holds those of a frame. */
const samplesIn = (milliseconds: number, sampleRate: number) => Math.floor((sampleRate * milliseconds) / 1000);
const paddedSize = (length: number) => 2 ** Math.ceil(Math.log2(length));

/** What is below counts as this: the difference of 1 and the next float. */
const floor = 1.1920928955078125e-7;

/**
 * Kaldi's triangular filters: in equal steps of m = 1127 ln(1 + f / 700), and straight in m, not in Hz. The highest frequency
 * has the weight 0.
 * @returns [size / 2 + 1 frequencies, numMels], where size is the samples of a frame, rounded up to a power of two.
 * @throws ConfigError for an option.
 */
export function kaldiFilters(options: Partial<KaldiFilterOptions> = {}): tf.Tensor2D {
  return filtersOf('kaldiFilters', resolveFields('kaldiFilters', filterRules, options));
}

function filtersOf(owner: string, options: KaldiFilterOptions): tf.Tensor2D {
  const {sampleRate, numMels, minFrequency} = options;
  const high = options.maxFrequency > 0 ? options.maxFrequency : sampleRate / 2 + options.maxFrequency;
  requireBand(owner, minFrequency, high, sampleRate);
  const length = samplesIn(options.frameLength, sampleRate);
  if (length < 2)
    throw new ConfigError(`${owner}: frameLength is ${options.frameLength} ms, but must be two samples or more`);
  const size = paddedSize(length);
  const {toMel} = scales.kaldi;
  const points = pointsBetween(scales.kaldi, minFrequency, high, numMels + 2).map(toMel);
  const weights = new Float32Array((size / 2 + 1) * numMels);
  for (let k = 0; k < size / 2; k++)
    for (let m = 0; m < numMels; m++)
      weights[k * numMels + m] = triangle(toMel((k * sampleRate) / size), points[m], points[m + 1], points[m + 2]);
  return tf.tensor2d(weights, [size / 2 + 1, numMels]);
}

/**
 * Kaldi's log energies in bands of its mel scale, the features of the recipes of WeNet and ESPnet: per frame the mean is
 * subtracted, high pitches are raised, a window is laid on, and
 *
 *     features = ln max(filters · |rfft(frame)|^power, 1.2e-7)
 *
 * There are only whole frames, 1 + floor((samples - frame) / shift).
 * @param waveform [..., samples]
 * @returns [..., frames, numMels]
 * @throws ConfigError for an option; ShapeError for a waveform shorter than a frame.
 */
export function kaldiFilterbank(waveform: tf.Tensor, options: Partial<KaldiFilterbankOptions> = {}): tf.Tensor {
  const name = 'kaldiFilterbank';
  const given = resolveFields(name, rules, options);
  const {sampleRate, frameLength, frameShift, dither, seed, preemphasis, window, removeOffset, power, scale} = given;
  const [length, hop] = [samplesIn(frameLength, sampleRate), samplesIn(frameShift, sampleRate)];
  if (length < 2 || hop < 1)
    throw new ConfigError(`${name}: frameLength ${frameLength} and frameShift ${frameShift} ms are less than a sample`);
  requireWaveform(name, waveform, length);
  const count = 1 + Math.floor((waveform.shape[waveform.rank - 1] - length) / hop);
  return tf.tidy(() => {
    let x = framesOf(waveform.mul(scale), {count, length, hop, placeOf: (sample) => sample});
    if (dither > 0) {
      // tfjs's own takes the seed 0 for none.
      const random = new Random(seed, 'dither');
      x = x.add(
        tf.tensor(
          Float32Array.from({length: x.size}, () => dither * random.normal()),
          x.shape,
        ),
      );
    }
    if (removeOffset) x = x.sub(x.mean(-1, true));
    const before = x.gather([0, ...Array(length - 1).keys()], x.rank - 1);
    const shape = tf.tensor1d(Array.from({length}, (_, n) => windows[window](n, length)));
    const windowed = x.sub(before.mul(preemphasis)).mul(shape);
    const energies = magnitudes(realFft(windowed, paddedSize(length)), power);
    const filters = filtersOf(name, {...given});
    return filtered(energies, filters).maximum(floor).log();
  });
}
