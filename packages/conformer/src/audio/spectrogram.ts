import * as tf from '@tensorflow/tfjs';
import {ConfigError, type Fields, fields, realFft, resolveFields, type Spectrum} from '@variants/core';
import {framesOf, requireWaveform} from './frames';

/** Options of {@link stft}. */
export interface StftOptions {
  /** Samples that a spectrum is made of, N. Default 400: 25 ms at 16 kHz. */
  fftSize: number;
  /** Samples of the window, which stands in the middle of them. Default: fftSize. */
  windowLength: number | null;
  /** Samples from a frame to the next. Default 160: 10 ms at 16 kHz. */
  hopLength: number;
  /** Puts frame t's middle at sample t hopLength, with N/2 samples of padding on both sides. Default true. */
  centered: boolean;
  /** What is beyond the ends: the waveform mirrored at its first and last sample, or zeros. Default 'reflect'. */
  padding: 'reflect' | 'zeros';
}

/** Rules of the options of spectra. */
export const stftRules: Fields<StftOptions> = {
  fftSize: fields.count(400, 2),
  windowLength: fields.optional(fields.count()),
  hopLength: fields.count(160),
  centered: fields.flag(true),
  padding: fields.choice(['reflect', 'zeros'] as const, 'reflect'),
};

/** The periodic Hann window in the middle of `size` samples, w[n] = 1/2 - 1/2 cos(2 pi n / length). */
function hann(length: number, size: number): Float32Array {
  const window = new Float32Array(size);
  const first = Math.floor((size - length) / 2);
  for (let n = 0; n < length; n++) window[first + n] = 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / length);
  return window;
}

/**
 * Short-time Fourier transform, as torch.stft and librosa define it: the spectrum of a Hann window's worth of samples every
 * `hopLength` samples, frames = 1 + floor(samples / hopLength) for even fftSize when centred.
 * @param waveform [..., samples]
 * @returns Real and imaginary parts, [..., frames, floor(fftSize / 2) + 1] each.
 * @throws ConfigError for an option; ShapeError for a waveform of too few samples.
 */
export function stft(waveform: tf.Tensor, options: Partial<StftOptions> = {}): Spectrum {
  return spectrumOf('stft', waveform, resolveFields('stft', stftRules, options));
}

/** {@link stft} with options that are complete. */
export function spectrumOf(owner: string, waveform: tf.Tensor, options: StftOptions): Spectrum {
  const {fftSize, hopLength, centered, padding} = options;
  const windowLength = options.windowLength ?? fftSize;
  if (windowLength > fftSize)
    throw new ConfigError(`${owner}: windowLength is ${windowLength}, but must be at most fftSize ${fftSize}`);
  const pad = centered ? Math.floor(fftSize / 2) : 0;
  requireWaveform(owner, waveform, centered ? (padding === 'reflect' ? pad + 1 : 1) : fftSize);
  const samples = waveform.shape[waveform.rank - 1];
  const count = 1 + Math.floor((samples + 2 * pad - fftSize) / hopLength);
  if (count < 1) throw new ConfigError(`${owner}: fftSize ${fftSize} is more than the ${samples} samples of waveform`);
  const mirrored = (place: number) => (place < samples ? Math.abs(place) : 2 * (samples - 1) - place);
  // The place behind the last sample holds 0.
  const orZero = (place: number) => (place >= 0 && place < samples ? place : samples);
  const placeOf = (sample: number) => (padding === 'reflect' ? mirrored : orZero)(sample - pad);
  return tf.tidy(() => {
    const leading = waveform.shape.slice(0, -1).map((): [number, number] => [0, 0]);
    const source = padding === 'zeros' ? waveform.pad([...leading, [0, 1]]) : waveform;
    const frames = framesOf(source, {count, length: fftSize, hop: hopLength, placeOf});
    const {real, imag} = realFft(frames.mul(tf.tensor1d(hann(windowLength, fftSize))));
    return {real, imag};
  });
}

/** What is below counts as no energy, where roots have no derivative. */
const silence = 1e-30;

/**
 * |X|^power of a spectrum. Where it is 0 and the power below 2 the gradient is 0.
 * @returns The shape of its parts.
 */
export function magnitudes({real, imag}: Spectrum, power: number): tf.Tensor {
  return tf.tidy(() => {
    const squares = real.square().add(imag.square());
    return power === 2 ? squares : squares.maximum(silence).pow(power / 2);
  });
}
