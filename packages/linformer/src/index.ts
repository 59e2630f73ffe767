import {LinformerAttention, type LinformerAttentionConfig} from './attention-layer';
import {LinformerBlock, type LinformerBlockConfig} from './blocks';
import {
  compressSequence,
  convolveWindows,
  type PooledWindows,
  type PoolWindowsOptions,
  poolWindows,
  type WindowPooling,
} from './compress';
import {SequenceCompression, type SequenceCompressionConfig} from './compression-layer';
import {type LinformerAttentionOptions, linformerAttention} from './linformer-attention';

export type {CompressedSequence} from './attention-layer';
export {card} from './card';
export {LinformerClassifier, linformerClassifier} from './classifier';
export type {CompressionBias, CompressionMethod, CompressionSharing} from './compression-layer';
export type {
  LinformerClassifierConfig,
  LinformerClassifierOptions,
  LinformerConfig,
  LinformerFields,
  LinformerOptions,
} from './config';
export {type FromPretrainedOptions, fromPretrained} from './from-pretrained';
export {Linformer, linformer} from './model';
export {presets} from './presets';
export type {
  LinformerAttentionConfig,
  LinformerAttentionOptions,
  LinformerBlockConfig,
  PooledWindows,
  PoolWindowsOptions,
  SequenceCompressionConfig,
  WindowPooling,
};

/** Linformer's parts as `tf.layers.Layer`s, for `tf.sequential` and `tf.model`. */
export const layers = {
  /** Attention to slots, see {@link LinformerAttention}. */
  linformerAttention: (config: ConstructorParameters<typeof LinformerAttention>[0]) => new LinformerAttention(config),
  /** Attention and a feed-forward, see {@link LinformerBlock}. */
  linformerBlock: (config: ConstructorParameters<typeof LinformerBlock>[0]) => new LinformerBlock(config),
  /** The compression alone, see {@link SequenceCompression}. */
  sequenceCompression: (config: ConstructorParameters<typeof SequenceCompression>[0]) =>
    new SequenceCompression(config),
};

/** Linformer's attention and compressions as pure differentiable functions. */
export const ops = {linformerAttention, compressSequence, convolveWindows, poolWindows};
