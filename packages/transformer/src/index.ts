import {attention, SelfAttention, type SelfAttentionConfig} from '@variants/core';
import {TransformerBlock, type TransformerBlockConfig} from './model';

export {card} from './card';
export type {LayoutName, TransformerConfig, TransformerOptions} from './config';
export {type FromPretrainedOptions, fromPretrained} from './from-pretrained';
export {Transformer, transformer} from './model';
export {presets} from './presets';
export type {RopeScaling} from './rope-scaling';
export type {SelfAttentionConfig, TransformerBlockConfig};

/** The Transformer's parts as `tf.layers.Layer`s, for `tf.sequential` and `tf.model`. */
export const layers = {
  /** Causal self-attention with a key-value cache, see `SelfAttention` of @variants/core. */
  selfAttention: (config: ConstructorParameters<typeof SelfAttention>[0]) => new SelfAttention(config),
  /** Attention and feed-forward with norms and skip connections, see {@link TransformerBlock}. */
  transformerBlock: (config: ConstructorParameters<typeof TransformerBlock>[0]) => new TransformerBlock(config),
};

/** The Transformer's mathematics as pure differentiable functions. */
export const ops = {attention};
