import {localAttention, lshAttention, unitKeys} from './attention';
import {ReformerBlock} from './block';
import {ChunkedFeedForward} from './feed-forward';
import {drawRotations, lshBuckets, rotationShape} from './hashing';
import {LocalAttention} from './local-attention-layer';
import {LshAttention} from './lsh-attention-layer';
import {lucidAttentionWeights, lucidLshAttention} from './lucidrains/attention';
import {axialPositions, PositionEmbeddings} from './positions';
import {reversible, reversibleForward, reversibleInverse, reversibleSteps} from './reversible';
import {ReversibleStack} from './stack';

export type {ChunkOptions, LshAttentionOptions, LshAttentionOutputs} from './attention';
export type {AttentionType, ReformerBlockConfig} from './block';
export {card} from './card';
export {ReformerClassifier, reformerClassifier} from './classifier';
export type {
  ReformerClassifierConfig,
  ReformerClassifierOptions,
  ReformerConfig,
  ReformerFields,
  ReformerMaskedConfig,
  ReformerMaskedOptions,
  ReformerOptions,
} from './config';
export type {ChunkedFeedForwardConfig} from './feed-forward';
export {type FromPretrainedOptions, fromPretrained} from './from-pretrained';
export type {BucketCount} from './hashing';
export type {ChunkedAttentionConfig} from './heads';
export type {LshAttentionConfig} from './lsh-attention-layer';
export type {LucidAttentionOptions, LucidAttentionOutputs} from './lucidrains/attention';
export type {LucidReformerConfig, LucidReformerOptions} from './lucidrains/config';
export {LucidReformer, lucidFromPretrained, lucidReformer} from './lucidrains/model';
export {ReformerMasked, reformerMasked} from './masked';
export {Reformer, reformer} from './model';
export type {PositionEmbeddingsConfig} from './positions';
export {presets} from './presets';
export type {BranchOutput, Kept, ReversibleBranch, ReversibleLayer, Streams} from './reversible';
export type {ReversibleStackConfig, TracedStreams} from './stack';

/** Reformer's parts as `tf.layers.Layer`s, for `tf.sequential` and `tf.model`. */
export const layers = {
  /** Attention by hash buckets, see {@link LshAttention}. */
  lshAttention: (config: ConstructorParameters<typeof LshAttention>[0]) => new LshAttention(config),
  /** Attention within chunks, see {@link LocalAttention}. */
  localAttention: (config: ConstructorParameters<typeof LocalAttention>[0]) => new LocalAttention(config),
  /** A feed-forward in pieces of the sequence, see {@link ChunkedFeedForward}. */
  chunkedFeedForward: (config: ConstructorParameters<typeof ChunkedFeedForward>[0]) => new ChunkedFeedForward(config),
  /** Learned positions, axial ones or one by one, see {@link PositionEmbeddings}. */
  positionEmbeddings: (config: ConstructorParameters<typeof PositionEmbeddings>[0]) => new PositionEmbeddings(config),
  /** A reversible layer on two streams side by side, see {@link ReformerBlock}. */
  reformerBlock: (config: ConstructorParameters<typeof ReformerBlock>[0]) => new ReformerBlock(config),
  /** Reversible layers whose gradient keeps no activations, see {@link ReversibleStack}. */
  reversibleStack: (config: ConstructorParameters<typeof ReversibleStack>[0]) => new ReversibleStack(config),
};

/** Reformer's mathematics as pure functions. */
export const ops = {
  lshAttention,
  localAttention,
  lshBuckets,
  unitKeys,
  rotationShape,
  drawRotations,
  axialPositions,
  lucidLshAttention,
  lucidAttentionWeights,
  reversible,
  reversibleForward,
  reversibleSteps,
  reversibleInverse,
};
