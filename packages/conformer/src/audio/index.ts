export {
  CtcBeam,
  type CtcBeamOptions,
  type CtcDecodeOptions,
  type CtcHypothesis,
  ctcBeamSearch,
  ctcGreedy,
  GreedyCtc,
} from './ctc-decoding';
export {characterErrorRate, editDistance, wordErrorRate} from './error-rate';
export {type KaldiFilterbankOptions, type KaldiFilterOptions, kaldiFilterbank, kaldiFilters} from './kaldi';
export {type LogarithmKind, type LogMelOptions, logMel, type MelSpectrogramOptions, melSpectrogram} from './log-mel';
export {type MelFilterbankOptions, type MelScale, melFilterbank} from './mel';
export {resample} from './resample';
export {drawMasks, type MaskOptions, type MaskSpan, type SpecAugmentOptions, specAugment} from './spec-augment';
export {type StftOptions, stft} from './spectrogram';
export {mono, type ReadAudioOptions, readAudio, readWav, type WavAudio, writeWav} from './wav';
