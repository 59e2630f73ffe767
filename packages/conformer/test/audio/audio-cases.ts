import * as tf from '@tensorflow/tfjs';
import {ctcLoss} from '@variants/core';
import type {Actual, GoldenCase, Kinds} from '@variants-tooling/golden';
import {ctcBeamSearch, ctcGreedy} from '../../src/audio/ctc-decoding';
import {type KaldiFilterbankOptions, kaldiFilterbank, kaldiFilters} from '../../src/audio/kaldi';
import {type LogMelOptions, logMel, melSpectrogram} from '../../src/audio/log-mel';
import {type MelScale, melFilterbank} from '../../src/audio/mel';
import {drawMasks, specAugment} from '../../src/audio/spec-augment';
import {magnitudes, stft} from '../../src/audio/spectrogram';

type Config = {[field: string]: unknown};

function loss(golden: GoldenCase): Actual {
  const {
    blank,
    reduction,
    zero_infinity: zeroInfinity,
  } = golden.config as {
    blank: number;
    reduction: 'mean' | 'sum' | 'none';
    zero_infinity: boolean;
  };
  const [targets, inputLengths, targetLengths] = ['targets', 'input_lengths', 'target_lengths'].map((name) =>
    golden.input(name),
  );
  const options = {blank, zeroInfinity, inputLengths, targetLengths};
  // Time comes first there.
  const batchFirst = (x: tf.Tensor) => x.transpose([1, 0, 2]);
  const run = (x: tf.Tensor): tf.Scalar => {
    const value = ctcLoss(batchFirst(x), targets, {...options, reduction});
    return (reduction === 'none' ? value.mul(golden.input('probe')).sum() : value) as tf.Scalar;
  };
  const logits = golden.input('logits');
  return {
    'output.per_sample': ctcLoss(batchFirst(logits), targets, {...options, reduction: 'none'}),
    loss: run(logits),
    'grad.logits': () => tf.grad(run)(logits),
    // The gradient by log probabilities is stored as that by logits, exp(log p) less the shares of alignments.
    'grad.log_probs': () => tf.grad(run)(golden.input('log_probs')),
  };
}

/** Lists of labels as rows as long as the longest, with -1 behind. */
function rowsOf(lists: number[][], [count, length]: readonly number[]): tf.Tensor {
  const rows = lists.slice(0, count).flatMap((list) => [...list, ...Array(Math.max(0, length - list.length)).fill(-1)]);
  return tf.tensor2d(rows, [count, length], 'int32');
}

async function decoding(golden: GoldenCase): Promise<Actual> {
  const {blank, beam_size: beamSize} = golden.config as {blank: number; beam_size: number};
  const logits = golden.input('log_probs');
  const lengths = golden.integers('lengths');
  const greedy = await ctcGreedy(logits, {blank, lengths});
  const beams = await ctcBeamSearch(logits, {blank, lengths, beamSize});
  // More than there are beginnings of sequences: nothing is left out.
  const exact = golden.names(/^output\.exact_\d/).length > 0;
  const all = exact ? await ctcBeamSearch(logits, {blank, lengths, beamSize: 100_000}) : [];
  const actual: Actual = {};
  const shapeOf = (name: string) => golden.tensor(name).shape;
  for (const [b, labels] of greedy.entries()) {
    actual[`output.greedy_${b}`] = () => tf.tensor1d(labels, 'int32');
    for (const [kind, hypotheses] of [
      ['nbest', beams[b]],
      ['exact', all[b]],
    ] as const) {
      const name = `output.${kind}_${b}`;
      actual[name] = () =>
        rowsOf(
          hypotheses.map(({labels: found}) => found),
          shapeOf(name),
        );
      const scores = `output.${kind}_scores_${b}`;
      actual[scores] = () =>
        tf.tensor1d(hypotheses.slice(0, shapeOf(scores)[0]).map(({logProbability}) => logProbability));
    }
  }
  return actual;
}

function logMelOptions(config: Config): Partial<LogMelOptions> {
  return {
    sampleRate: config.sample_rate as number,
    fftSize: config.n_fft as number,
    windowLength: config.win_length as number,
    hopLength: config.hop_length as number,
    numMels: config.n_mels as number,
    minFrequency: config.f_min as number,
    maxFrequency: config.f_max as number,
    melScale: config.mel_scale as MelScale,
    normalized: config.norm === 'slaney',
    centered: config.center as boolean,
    padding: config.pad_mode === 'constant' ? 'zeros' : 'reflect',
    power: config.power as number,
  };
}

function logMelCase(golden: GoldenCase): Actual {
  const waveform = golden.input('waveform');
  const options = logMelOptions(golden.config);
  const {sampleRate, fftSize, windowLength, hopLength, numMels, minFrequency, maxFrequency} = options;
  const {melScale, normalized, centered, padding, power} = options;
  const filters = {sampleRate, fftSize, numMels, minFrequency, maxFrequency, melScale, normalized};
  return {
    'output.filterbank': melFilterbank(filters),
    'output.mel': melSpectrogram(waveform, options).transpose(),
    'output.log_mel': logMel(waveform, options).transpose(),
    'output.db': logMel(waveform, {...options, logarithm: 'decibels'}).transpose(),
    'output.whisper': () => logMel(waveform, {...options, logarithm: 'whisper'}).transpose(),
    'output.spectrogram_frame_3': () =>
      magnitudes(stft(waveform, {fftSize, windowLength, hopLength, centered, padding}), power as number)
        .slice([3, 0], [1, -1])
        .squeeze([0]),
  };
}

function kaldi(golden: GoldenCase): Actual {
  const {config} = golden;
  const filters = {
    sampleRate: config.sample_frequency as number,
    numMels: config.num_mel_bins as number,
    frameLength: config.frame_length as number,
    minFrequency: config.low_freq as number,
    maxFrequency: config.high_freq as number,
  };
  const options: Partial<KaldiFilterbankOptions> = {
    ...filters,
    frameShift: config.frame_shift as number,
    dither: config.dither as number,
    preemphasis: config.preemphasis_coefficient as number,
    window: ({hanning: 'hann'}[config.window_type as string] ?? config.window_type) as 'povey',
    removeOffset: config.remove_dc_offset as boolean,
    power: config.use_power ? 2 : 1,
    scale: config.scale as number,
  };
  const features = kaldiFilterbank(golden.input('waveform'), options);
  return {'output.filterbank': kaldiFilters(filters), 'output.mel': features.exp(), 'output.fbank': features};
}

function specAugmentCase(golden: GoldenCase): Actual {
  const {config} = golden;
  const features = golden.input('features') as tf.Tensor2D;
  const options = {
    frequencyMasks: config.num_freq_masks as number,
    frequencyWidth: config.freq_mask_param as number,
    timeMasks: config.num_time_masks as number,
    timeWidth: config.time_mask_param as number,
    timeShare: (config.p ?? 1) as number,
  };
  const draws = [...golden.input('uniform_freq').dataSync(), ...golden.input('uniform_time').dataSync()];
  const uniform = () => {
    let next = 0;
    return () => draws[next++];
  };
  const [frames, size] = features.shape;
  const spans = drawMasks({frames, features: size}, uniform(), options);
  const rows = spans.map(({axis, start, end}) => [axis === 'time' ? 1 : 0, start, end]);
  return {
    'output.spans': tf.tensor2d(rows, [rows.length, 3], 'int32'),
    'output.output': specAugment(features, uniform(), {...options, value: config.mask_value as number}),
  };
}

/** The kinds of cases that are about audio, for the package's golden test. */
export const audioKinds: Kinds = {
  'ctc-loss': loss,
  'ctc-decode': decoding,
  'ctc-decode-exact': decoding,
  'log-mel': logMelCase,
  'kaldi-filterbank': kaldi,
  'spec-augment': specAugmentCase,
};
