import {type FromPretrained, fromAnyOf} from '@variants/core';
import {causalLayout, classifierLayout, maskedLayout} from './checkpoint';
import {type ReformerClassifier, reformerClassifier} from './classifier';
import type {ReformerClassifierConfig, ReformerConfig, ReformerMaskedConfig} from './config';
import {type ReformerMasked, reformerMasked} from './masked';
import {type Reformer, reformer} from './model';

/** Options of {@link fromPretrained}. */
export interface FromPretrainedOptions {
  /** Fields that shall differ from the checkpoint's, such as `numHashes` or `dropout`. */
  config?: Partial<ReformerConfig> | Partial<ReformerMaskedConfig> | Partial<ReformerClassifierConfig>;
}

/**
 * A model from a checkpoint in the names of Hugging Face's library: a causal language model where the file says that it is of
 * a decoder, else a masked one, or a classifier. TypeScript takes it for a causal one unless told otherwise,
 * `fromPretrained<ReformerMasked>(source)`.
 * @param source Directory, file, URL, File objects or `{config, weights}`.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape; nothing is left half-loaded.
 */
export const fromPretrained: FromPretrained<Reformer, ReformerMasked | ReformerClassifier, FromPretrainedOptions> =
  fromAnyOf([
    [[causalLayout], reformer],
    [[classifierLayout], reformerClassifier],
    [[maskedLayout], reformerMasked],
  ]);
