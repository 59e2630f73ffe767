import {PerformerAttention} from './layers/attention';
import type {
  FavorHeadsConfig,
  FavorSelfConfig,
  PerformerAttentionConfig,
  PerformerSelfAttentionConfig,
} from './layers/attention-parts';
import {
  PerformerBlock,
  type PerformerBlockConfig,
  PerformerDecoderBlock,
  PerformerEncoderBlock,
  type PerformerEncoderBlockConfig,
} from './layers/blocks';
import type {BlockPartsConfig} from './layers/parts';
import {ProjectionSchedule, type ProjectionScheduleConfig} from './layers/projection';
import {PerformerSelfAttention} from './layers/self-attention';
import {type FavorOptions, type FavorStep, favorAdvance, favorAttention} from './ops/favor-attention';
import {
  type GeneralizedFeatureOptions,
  generalizedFeatures,
  type SoftmaxFeatureOptions,
  softmaxFeatures,
} from './ops/features';
import {type LinearAttentionOptions, linearAttention} from './ops/linear-attention';
import {type LocalAttentionOptions, localAttention} from './ops/local-attention';
import type {LinearMemory} from './ops/memory';
import {orthogonalProjection, orthogonalRows, type ProjectionOptions} from './ops/projection';

export {card} from './card';
export type {
  BothWaysFields,
  CausalFields,
  PerformerConfig,
  PerformerMaskedConfig,
  PerformerMaskedOptions,
  PerformerOptions,
  PerformerStackFields,
} from './config';
export {type FromPretrainedOptions, fromPretrained} from './from-pretrained';
export type {NormKind} from './layers/norms';
export type {PositionKind} from './layers/positions';
export {PerformerMasked, performerMasked} from './masked';
export {Performer, performer} from './model';
export type {PaddingForm, Stabilizer} from './ops/favor-attention';
export type {FeatureKind, KernelFunction} from './ops/features';
export type {LocalForm} from './ops/local-attention';
export type {ProjectionScaling} from './ops/projection';
export {presets} from './presets';
export type {
  PerformerDecoderFields,
  PerformerEncoderDecoderConfig,
  PerformerEncoderDecoderOptions,
  PerformerEncoderFields,
} from './seq2seq/config';
export {PerformerEncoderDecoder, performerEncoderDecoder} from './seq2seq/model';
export type {
  BlockPartsConfig,
  FavorHeadsConfig,
  FavorOptions,
  FavorSelfConfig,
  FavorStep,
  GeneralizedFeatureOptions,
  LinearAttentionOptions,
  LinearMemory,
  LocalAttentionOptions,
  PerformerAttentionConfig,
  PerformerBlockConfig,
  PerformerEncoderBlockConfig,
  PerformerSelfAttentionConfig,
  ProjectionOptions,
  ProjectionScheduleConfig,
  SoftmaxFeatureOptions,
};

/** Performer's parts as `tf.layers.Layer`s, for `tf.sequential` and `tf.model`. */
export const layers = {
  /** Causal self-attention by random features, see {@link PerformerSelfAttention}. */
  performerSelfAttention: (config: ConstructorParameters<typeof PerformerSelfAttention>[0]) =>
    new PerformerSelfAttention(config),
  /** Attention by random features that looks both ways, or to a source, see {@link PerformerAttention}. */
  performerAttention: (config: ConstructorParameters<typeof PerformerAttention>[0]) => new PerformerAttention(config),
  /** A causal block, see {@link PerformerBlock}. */
  performerBlock: (config: ConstructorParameters<typeof PerformerBlock>[0]) => new PerformerBlock(config),
  /** A block that looks both ways, see {@link PerformerEncoderBlock}. */
  performerEncoderBlock: (config: ConstructorParameters<typeof PerformerEncoderBlock>[0]) =>
    new PerformerEncoderBlock(config),
  /** A block of a decoder, see {@link PerformerDecoderBlock}. */
  performerDecoderBlock: (config: ConstructorParameters<typeof PerformerDecoderBlock>[0]) =>
    new PerformerDecoderBlock(config),
  /** When directions of the features of other layers are drawn anew, see {@link ProjectionSchedule}. */
  projectionSchedule: (...given: ConstructorParameters<typeof ProjectionSchedule>) => new ProjectionSchedule(...given),
};

/** Performer's mathematics as pure differentiable functions. */
export const ops = {
  favorAttention,
  favorAdvance,
  softmaxFeatures,
  generalizedFeatures,
  linearAttention,
  localAttention,
  orthogonalProjection,
  orthogonalRows,
};
