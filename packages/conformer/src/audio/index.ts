import {kaldiFilterbank, kaldiFilters} from './kaldi';
import {logMel, melSpectrogram} from './log-mel';
import {melFilterbank} from './mel';
import {drawMasks, specAugment} from './spec-augment';
import {stft} from './spectrogram';

export {
  CtcBeam,
  type CtcBeamOptions,
  type CtcDecodeOptions,
  type CtcHypothesis,
  ctcBeamSearch,
  ctcGreedy,
  GreedyCtc,
} from './ctc-decoding';
export {characterErrorRate, wordErrorRate} from './error-rate';
export type {KaldiFilterbankOptions, KaldiFilterOptions} from './kaldi';
export type {LogarithmKind, LogMelOptions, MelSpectrogramOptions} from './log-mel';
export type {MelFilterbankOptions, MelScale} from './mel';
export {resample} from './resample';
export type {MaskOptions, MaskSpan, SpecAugmentOptions} from './spec-augment';
export type {StftOptions} from './spectrogram';
export {mono, type ReadAudioOptions, readAudio, readWav, type WavAudio, writeWav} from './wav';

/** What makes features of samples, and masks of features. */
export const audioOps = {
  stft,
  melFilterbank,
  melSpectrogram,
  logMel,
  kaldiFilters,
  kaldiFilterbank,
  drawMasks,
  specAugment,
};
