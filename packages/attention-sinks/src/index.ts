import {
  attention,
  SelfAttention,
  type SelfAttentionConfig,
  TransformerBlock,
  type TransformerBlockConfig,
} from '@variants/core';
import {offByOneAttention, sinkAttention, softmaxOffByOne} from './sink-attention';

export {card} from './card';
export type {AttentionSinksConfig, AttentionSinksOptions, CacheSize} from './config';
export {makeRoom} from './make-room';
export {AttentionSinks, attentionSinks, type FromPretrainedOptions, fromPretrained} from './model';
export {presets} from './presets';
export {type RecomputeOptions, recomputedLogits} from './recomputed';
export {type StreamLoss, type StreamLossOptions, streamLoss} from './stream-loss';
export {type WithAttentionSinksOptions, withAttentionSinks} from './with-attention-sinks';
export type {SelfAttentionConfig, TransformerBlockConfig};

/** The parts of models with attention sinks as `tf.layers.Layer`s, for `tf.sequential` and `tf.model`. */
export const layers = {
  /** Causal self-attention with window, sinks and a sink logit as it is told, see `SelfAttention` of @variants/core. */
  selfAttention: (config: ConstructorParameters<typeof SelfAttention>[0]) => new SelfAttention(config),
  /** Attention and feed-forward with norms and skip connections, see `TransformerBlock` of @variants/core. */
  transformerBlock: (config: ConstructorParameters<typeof TransformerBlock>[0]) => new TransformerBlock(config),
};

/** The mathematics as pure differentiable functions. */
export const ops = {attention, sinkAttention, offByOneAttention, softmaxOffByOne};
