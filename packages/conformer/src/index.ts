import {ConformerAttention, type ConformerAttentionConfig, type PositionKind} from './attention';
import {audioOps} from './audio';
import {FrameBatchNorm, type FrameBatchNormConfig} from './batch-norm';
import {ConformerBlock, type ConformerBlockConfig} from './block';
import {type ChunkOptions, chunkMask} from './chunks';
import {ConvolutionModule, type ConvolutionModuleConfig, type PaddingKind} from './convolution';
import {Subsampling, type SubsamplingConfig, Waveform, type WaveformConvolutions} from './front-ends';
import {relativePositions, relativeScores, relativeShift} from './relative-attention';

export {
  CtcBeam,
  type CtcBeamOptions,
  type CtcDecodeOptions,
  type CtcHypothesis,
  characterErrorRate,
  ctcBeamSearch,
  ctcGreedy,
  GreedyCtc,
  type KaldiFilterbankOptions,
  type KaldiFilterOptions,
  type LogarithmKind,
  type LogMelOptions,
  type MaskOptions,
  type MaskSpan,
  type MelFilterbankOptions,
  type MelScale,
  type MelSpectrogramOptions,
  mono,
  type ReadAudioOptions,
  readAudio,
  readWav,
  resample,
  type SpecAugmentOptions,
  type StftOptions,
  type WavAudio,
  wordErrorRate,
  writeWav,
} from './audio';
export {card} from './card';
export type {ConformerConfig, ConformerOptions} from './config';
export {Conformer, type ConformerStreamOptions, conformer, fromPretrained} from './model';
export {presets} from './presets';
export type {
  ChunkOptions,
  ConformerAttentionConfig,
  ConformerBlockConfig,
  ConvolutionModuleConfig,
  FrameBatchNormConfig,
  PaddingKind,
  PositionKind,
  SubsamplingConfig,
  WaveformConvolutions,
};

/** Conformer's parts as `tf.layers.Layer`s, for `tf.sequential` and `tf.model`. */
export const layers = {
  /** Two feed-forwards around attention and a convolution module, see {@link ConformerBlock}. */
  conformerBlock: (config: ConstructorParameters<typeof ConformerBlock>[0]) => new ConformerBlock(config),
  /** Attention with relative positions, see {@link ConformerAttention}. */
  conformerAttention: (config: ConstructorParameters<typeof ConformerAttention>[0]) => new ConformerAttention(config),
  /** A gated depthwise convolution, see {@link ConvolutionModule}. */
  convolutionModule: (config: ConstructorParameters<typeof ConvolutionModule>[0]) => new ConvolutionModule(config),
  /** Normalises channels over the frames of a batch, see {@link FrameBatchNorm}. */
  frameBatchNorm: (config: ConstructorParameters<typeof FrameBatchNorm>[0] = {}) => new FrameBatchNorm(config),
  /** One frame of four, see {@link Subsampling}. */
  subsampling: (config: ConstructorParameters<typeof Subsampling>[0]) => new Subsampling(config),
  /** From samples to frames, see {@link Waveform}. */
  waveform: (config: ConstructorParameters<typeof Waveform>[0]) => new Waveform(config),
};

/** Conformer's mathematics as pure functions. */
export const ops = {
  relativePositions,
  relativeShift,
  relativeScores,
  chunkMask,
  ...audioOps,
};
