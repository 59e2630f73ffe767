import {type FromPretrained, fromAnyOf} from '@variants/core';
import {classifierLayouts, maskedLayouts} from './checkpoints/layouts';
import {type LinformerClassifier, linformerClassifier} from './classifier';
import type {LinformerClassifierConfig, LinformerConfig} from './config';
import {type Linformer, linformer} from './model';

/** Options of {@link fromPretrained}. */
export interface FromPretrainedOptions {
  /** Fields that shall differ from the checkpoint's, such as `masksPadding`, which is false in the official files. */
  config?: Partial<LinformerConfig> | Partial<LinformerClassifierConfig>;
}

/**
 * A model from a checkpoint in the names of the official code (fairseq, its older names too), of lucidrains' or of tatp22's
 * package; official files with a head for labels become a classifier. TypeScript takes it for a masked language model unless
 * told otherwise, `fromPretrained<LinformerClassifier>(source)`.
 * @param source Directory, file, URL, File objects or `{config, weights}`.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape, or the configuration says too little;
 *   nothing is left half-loaded.
 */
export const fromPretrained: FromPretrained<Linformer, LinformerClassifier, FromPretrainedOptions> = fromAnyOf([
  [maskedLayouts, linformer],
  [classifierLayouts, linformerClassifier],
]);
