import {PatchEmbedder, type PatchEmbedderConfig} from './patch-embedder';
import {intoPatches, tokenShift} from './patches';
import {Stage, type StageConfig, type StageLevel} from './stage';
import {StageBlock, type StageBlockConfig} from './stage-block';
import {StageTransformer, type StageTransformerConfig} from './stage-transformer';

export {card} from './card';
export type {MegabyteConfig, MegabyteOptions} from './config';
export {type FromPretrainedOptions, fromPretrained} from './from-pretrained';
export {Megabyte, megabyte} from './model';
export type {MegabytePaperConfig, MegabytePaperOptions} from './paper/config';
export {MegabytePaper, megabytePaper} from './paper/model';
export {PatchedModel, type PatchedModelConfig} from './patched-model';
export {paperPresets, presets} from './presets';
export {stridedLogits} from './strided';
export type {PatchEmbedderConfig, StageBlockConfig, StageConfig, StageLevel, StageTransformerConfig};

/** MegaByte's parts as `tf.layers.Layer`s, for `tf.sequential` and `tf.model`. */
export const layers = {
  /** A vector of each patch of tokens, see {@link PatchEmbedder}. */
  patchEmbedder: (config: ConstructorParameters<typeof PatchEmbedder>[0]) => new PatchEmbedder(config),
  /** Attention and feed-forward, each behind a token shift and a norm, see {@link StageBlock}. */
  stageBlock: (config: ConstructorParameters<typeof StageBlock>[0]) => new StageBlock(config),
  /** Several of these blocks and a norm, see {@link StageTransformer}. */
  stageTransformer: (config: ConstructorParameters<typeof StageTransformer>[0]) => new StageTransformer(config),
  /** All stages, from tokens to what predicts the next, see {@link Stage}. */
  stages: (config: ConstructorParameters<typeof Stage>[0]) => new Stage(config),
};

/** MegaByte's mathematics as pure differentiable functions. */
export const ops = {tokenShift, intoPatches};
