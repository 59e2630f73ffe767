import {
  attention,
  MultiHeadAttention,
  type MultiHeadAttentionConfig,
  SelfAttention,
  type SelfAttentionConfig,
  TransformerBlock,
  type TransformerBlockConfig,
} from '@variants/core';
import {type CoderBlockConfig, DecoderBlock, EncoderBlock} from './seq2seq/blocks';

export type {RopeScaling} from '@variants/core';
export {card} from './card';
export type {LayoutName, TransformerConfig, TransformerOptions} from './config';
export {type FromPretrainedOptions, fromPretrained} from './from-pretrained';
export {Transformer, transformer} from './model';
export {presets} from './presets';
export type {EncoderDecoderConfig, EncoderDecoderOptions} from './seq2seq/config';
export {EncoderDecoder, encoderDecoder} from './seq2seq/model';
export type {CoderBlockConfig, MultiHeadAttentionConfig, SelfAttentionConfig, TransformerBlockConfig};

/** The Transformer's parts as `tf.layers.Layer`s, for `tf.sequential` and `tf.model`. */
export const layers = {
  /** Causal self-attention with a key-value cache, see `SelfAttention` of @variants/core. */
  selfAttention: (config: ConstructorParameters<typeof SelfAttention>[0]) => new SelfAttention(config),
  /** Attention from any sequence to any, see `MultiHeadAttention` of @variants/core. */
  multiHeadAttention: (config: ConstructorParameters<typeof MultiHeadAttention>[0]) => new MultiHeadAttention(config),
  /** A block of the original encoder, see {@link EncoderBlock}. */
  encoderBlock: (config: ConstructorParameters<typeof EncoderBlock>[0]) => new EncoderBlock(config),
  /** A block of the original decoder, applied to [x, memory, memory's mask, mask], see {@link DecoderBlock}. */
  decoderBlock: (config: ConstructorParameters<typeof DecoderBlock>[0]) => new DecoderBlock(config),
  /** Attention and feed-forward with norms and skip connections, see {@link TransformerBlock}. */
  transformerBlock: (config: ConstructorParameters<typeof TransformerBlock>[0]) => new TransformerBlock(config),
};

/** The Transformer's mathematics as pure differentiable functions. */
export const ops = {attention};
