import {type FromPretrained, fromAnyOf} from '@variants/core';
import {causalLayouts, classifierLayouts, maskedLayouts} from './checkpoints/layouts';
import {type RoFormerClassifier, roformerClassifier} from './classifier';
import type {RoFormerClassifierConfig, RoFormerConfig, RoFormerMaskedConfig} from './config';
import {type RoFormerMasked, roformerMasked} from './masked';
import {type RoFormer, roformer} from './model';

/** Options of {@link fromPretrained}. */
export interface FromPretrainedOptions {
  /** Fields that shall differ from the checkpoint's, such as `ropeScaling`, `maxSequenceLength` or `dropout`. */
  config?: Partial<RoFormerConfig> | Partial<RoFormerMaskedConfig> | Partial<RoFormerClassifierConfig>;
}

/**
 * A model from a checkpoint in the names of Hugging Face's library, of JunnYu's fork or of the official files: a masked
 * language model (RoFormer-V2 too), a classifier or, where the file says that it is of a decoder or has RoFormer-Sim's
 * pooler, a causal one. TypeScript takes it for a causal one unless told otherwise, `fromPretrained<RoFormerMasked>(source)`.
 * @param source Directory, file, URL, File objects or `{config, weights}`.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape, or the configuration says too little;
 *   nothing is left half-loaded.
 */
export const fromPretrained: FromPretrained<RoFormer, RoFormerMasked | RoFormerClassifier, FromPretrainedOptions> =
  fromAnyOf([
    [causalLayouts, roformer],
    [maskedLayouts, roformerMasked],
    [classifierLayouts, roformerClassifier],
  ]);
