import {dilatedAttention} from './dilated-attention';
import {CausalDilatedAttention, DilatedAttention} from './dilated-attention-layer';
import {SubNormFeedForward} from './feed-forward';
import {CausalLongNetBlock, LongNetBlock} from './model';
import {parallelDilatedAttention} from './parallel/attention';
import {geometricPatterns, patternsOverLayers} from './patterns';

export {card} from './card';
export type {LongNetConfig, LongNetEncoderConfig, LongNetEncoderOptions, LongNetFields, LongNetOptions} from './config';
export type {DilatedAttentionOptions} from './dilated-attention';
export type {DilatedAttentionConfig} from './dilated-attention-layer';
export type {SubNormFeedForwardConfig} from './feed-forward';
export {type FromPretrainedOptions, fromPretrained} from './from-pretrained';
export {LongNet, type LongNetBlockConfig, LongNetEncoder, longnet, longnetEncoder} from './model';
export type {ParallelDilatedAttentionOptions} from './parallel/attention';
export type {Communicator, Members} from './parallel/communicator';
export {communicationMemory, SharedMemoryCommunicator} from './parallel/shared-memory';
export type {DilatedPatterns, GeometricPatternsOptions} from './patterns';
export {presets} from './presets';
export type {DilatedLayerConfig} from './projections';

/** LongNet's parts as `tf.layers.Layer`s, for `tf.sequential` and `tf.model`. */
export const layers = {
  /** Attention that looks both ways, see {@link DilatedAttention}. */
  dilatedAttention: (config: ConstructorParameters<typeof DilatedAttention>[0]) => new DilatedAttention(config),
  /** Attention that looks back, see {@link CausalDilatedAttention}. */
  causalDilatedAttention: (config: ConstructorParameters<typeof CausalDilatedAttention>[0]) =>
    new CausalDilatedAttention(config),
  /** A feed-forward with a norm inside, see {@link SubNormFeedForward}. */
  subNormFeedForward: (config: ConstructorParameters<typeof SubNormFeedForward>[0]) => new SubNormFeedForward(config),
  /** A block that looks both ways, see {@link LongNetBlock}. */
  longNetBlock: (config: ConstructorParameters<typeof LongNetBlock>[0]) => new LongNetBlock(config),
  /** A block that looks back, see {@link CausalLongNetBlock}. */
  causalLongNetBlock: (config: ConstructorParameters<typeof CausalLongNetBlock>[0]) => new CausalLongNetBlock(config),
};

/** LongNet's mathematics as pure differentiable functions. */
export const ops = {
  dilatedAttention,
  parallelDilatedAttention,
  geometricPatterns,
  patternsOverLayers,
};
