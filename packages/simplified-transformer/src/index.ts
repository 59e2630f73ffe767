import {SimplifiedBlock, type SimplifiedBlockConfig} from './block';
import {rootMeanSquareNorm} from './norm';
import {causalMeans, shapedAttention} from './shaped-attention';
import {type MatrixConfig, ShapedAttention, type ShapedAttentionConfig} from './shaped-attention-layer';

export type {BlockFields, BlockPlace, MatrixInit} from './block-fields';
export {blocks} from './blocks';
export {card} from './card';
export type {SimplifiedTransformerConfig, SimplifiedTransformerOptions} from './config';
export type {LinearGains} from './gained-linear';
export {fromPretrained, SimplifiedTransformer, simplifiedTransformer} from './model';
export {presets} from './presets';
export type {MeanMemory, ShapedAttentionGains, ShapedAttentionOptions} from './shaped-attention';
export type {MatrixConfig, ShapedAttentionConfig, SimplifiedBlockConfig};

/** The parts of simplified Transformers as `tf.layers.Layer`s, for `tf.sequential` and `tf.model`. */
export const layers = {
  /** Attention whose matrix starts as the identity, see {@link ShapedAttention}. */
  shapedAttention: (config: ConstructorParameters<typeof ShapedAttention>[0]) => new ShapedAttention(config),
  /** Attention and feed-forward in any of the forms of `blocks`, see {@link SimplifiedBlock}. */
  simplifiedBlock: (config: ConstructorParameters<typeof SimplifiedBlock>[0] = {}) => new SimplifiedBlock(config),
};

/** The mathematics of simplified Transformers as pure differentiable functions. */
export const ops = {
  shapedAttention,
  causalMeans,
  rootMeanSquareNorm,
};
