import * as tf from '@tensorflow/tfjs';
import {type Fields, fields, resolveFields} from '@variants/core';
import {type MelFilterbankOptions, melFilterbank, melRules} from './mel';
import {magnitudes, type StftOptions, spectrumOf, stftRules} from './spectrogram';

/** Options of {@link melSpectrogram}. */
export interface MelSpectrogramOptions extends StftOptions, MelFilterbankOptions {
  /** What is filtered: |X|^power, 2 for energies, 1 for magnitudes. Default 2. */
  power: number;
}

const melSpectrogramRules: Fields<MelSpectrogramOptions> = {...stftRules, ...melRules, power: fields.positive(2)};

/**
 * How energies become features:
 *
 * - 'natural': ln max(E, 1e-10);
 * - 'decibels': 10 log10 max(E, 1e-10), and nothing more than 80 dB below the loudest of an utterance;
 * - 'whisper': log10 max(E, 1e-10) of all frames but the last, nothing more than 8 below the loudest, (x + 4) / 4.
 */
export type LogarithmKind = 'natural' | 'decibels' | 'whisper';

/** Options of {@link logMel}. */
export interface LogMelOptions extends MelSpectrogramOptions {
  /** Default 'natural'. */
  logarithm: LogarithmKind;
}

const logMelRules: Fields<LogMelOptions> = {
  ...melSpectrogramRules,
  logarithm: fields.choice(['natural', 'decibels', 'whisper'] as const, 'natural'),
};

/** Options by whose they are. */
function partsOf({power: _, ...options}: MelSpectrogramOptions): [StftOptions, MelFilterbankOptions] {
  const {fftSize, windowLength, hopLength, centered, padding, ...filters} = options;
  return [
    {fftSize, windowLength, hopLength, centered, padding},
    {fftSize, ...filters},
  ];
}

/**
 * The energies of a waveform in bands of a mel scale.
 * @param waveform [..., samples]
 * @returns [..., frames, numMels]
 * @throws ConfigError for an option; ShapeError for a waveform of too few samples.
 */
export function melSpectrogram(waveform: tf.Tensor, options: Partial<MelSpectrogramOptions> = {}): tf.Tensor {
  return energiesOf('melSpectrogram', waveform, resolveFields('melSpectrogram', melSpectrogramRules, options));
}

function energiesOf(owner: string, waveform: tf.Tensor, options: MelSpectrogramOptions): tf.Tensor {
  const [spectra, filters] = partsOf(options);
  return tf.tidy(() => {
    const filterbank = melFilterbank(filters);
    return filtered(magnitudes(spectrumOf(owner, waveform, spectra), options.power), filterbank);
  });
}

/** The last axis of x through a filterbank. */
export function filtered(x: tf.Tensor, filterbank: tf.Tensor2D): tf.Tensor {
  const [bins, numMels] = filterbank.shape;
  return tf.tidy(() =>
    tf.matMul(x.reshape([-1, bins]) as tf.Tensor2D, filterbank).reshape([...x.shape.slice(0, -1), numMels]),
  );
}

/**
 * The features that speech is recognised by: the logarithms of {@link melSpectrogram}. Whisper's are
 * `{melScale: 'slaney', normalized: true, logarithm: 'whisper'}`.
 * @param waveform [..., samples]
 * @returns [..., frames, numMels]
 * @throws ConfigError for an option; ShapeError for a waveform of too few samples.
 */
export function logMel(waveform: tf.Tensor, options: Partial<LogMelOptions> = {}): tf.Tensor {
  const {logarithm, ...rest} = resolveFields('logMel', logMelRules, options);
  return tf.tidy(() => {
    const logs = energiesOf('logMel', waveform, rest).maximum(1e-10).log();
    if (logarithm === 'natural') return logs;
    const tens = logs.div(Math.LN10);
    if (logarithm === 'decibels') return nearLoudest(tens.mul(10), 80);
    const kept = tens.shape.map((size, axis) => size - Number(axis === tens.rank - 2));
    return nearLoudest(
      tens.slice(
        tens.shape.map(() => 0),
        kept,
      ),
      8,
    )
      .add(4)
      .div(4);
  });
}

/** Nothing below an utterance's largest value by more than so much. */
function nearLoudest(x: tf.Tensor, range: number): tf.Tensor {
  // tfjs's gradient of a maximum knows no broadcasting.
  return x.maximum(x.max([-2, -1], true).sub(range).broadcastTo(x.shape));
}
