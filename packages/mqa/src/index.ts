import {
  attention,
  MultiHeadAttention,
  type MultiHeadAttentionConfig,
  SelfAttention,
  type SelfAttentionConfig,
  TransformerBlock,
  type TransformerBlockConfig,
} from '@variants/core';
import {meanPoolHeads} from './mean-pool';
import {multiQueryAttention, multiQueryAttentionStep} from './multi-query-attention';

export type {RopeScaling} from '@variants/core';
export {card} from './card';
export type {LayoutName, MultiQueryConfig, MultiQueryOptions} from './config';
export {type MeanPoolOptions, meanPoolKeyValueHeads} from './mean-pool';
export {type FromPretrainedOptions, fromPretrained, MultiQuery, mqa} from './model';
export type {MultiQueryAttentionOptions, MultiQueryMemory, MultiQueryWeights} from './multi-query-attention';
export {presets} from './presets';
export type {MultiHeadAttentionConfig, SelfAttentionConfig, TransformerBlockConfig};

/** One head of keys and values unless options say otherwise. */
const multiQuery = {numKeyValueHeads: 1};

/** The parts as `tf.layers.Layer`s, for `tf.sequential` and `tf.model`; core's with one head of keys and values by default. */
export const layers = {
  /** Causal self-attention with a key-value cache, see `SelfAttention` of @variants/core. */
  multiQueryAttention: (config: ConstructorParameters<typeof SelfAttention>[0]) =>
    new SelfAttention({...multiQuery, ...config}),
  /** Attention from any sequence to any, see `MultiHeadAttention` of @variants/core. */
  multiQueryCrossAttention: (config: ConstructorParameters<typeof MultiHeadAttention>[0]) =>
    new MultiHeadAttention({...multiQuery, ...config}),
  /** Attention and feed-forward with norms and skip connections, see `TransformerBlock` of @variants/core. */
  multiQueryBlock: ({attention: heads, ...config}: ConstructorParameters<typeof TransformerBlock>[0]) =>
    new TransformerBlock({...config, attention: {...multiQuery, ...heads}}),
};

/** The mathematics as pure differentiable functions. */
export const ops = {
  /** Multi-query attention in the paper's layout, see {@link multiQueryAttention}. */
  multiQueryAttention,
  /** The same for the next positions of a stream, see {@link multiQueryAttentionStep}. */
  multiQueryAttentionStep,
  /** Any number of heads of keys and values, see `attention` of @variants/core. */
  attention,
  /** Fewer heads, each the mean of some, see {@link meanPoolHeads}. */
  meanPoolHeads,
};
