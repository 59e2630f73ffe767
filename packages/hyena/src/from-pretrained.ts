import {type CheckpointSource, loadFromCheckpoint, openCheckpoint} from '@variants/core';
import {huggingFace, huggingFaceClassifier} from './checkpoints/huggingface';
import {hyenaDna, hyenaDnaClassifier} from './checkpoints/hyenadna';
import {safari} from './checkpoints/safari';
import {type HyenaClassifier, hyenaClassifier} from './classifier';
import type {HyenaClassifierConfig} from './classifier-config';
import type {HyenaConfig} from './config';
import {type Hyena, hyena} from './model';

/** Options of {@link fromPretrained}. */
export interface FromPretrainedOptions {
  /** Fields that shall differ from the checkpoint's, such as `dropout`. */
  config?: Partial<HyenaConfig> | Partial<HyenaClassifierConfig>;
}

const classifierLayouts = [huggingFaceClassifier, hyenaDnaClassifier];
const layouts = [huggingFace, hyenaDna, safari];

/**
 * A model from a checkpoint: safari's language models, also files of PyTorch Lightning; HyenaDNA's models, with or without
 * their head; Hugging Face's HyenaDNA, causal or for classification. Names of tensors and fields of the configuration decide
 * which it is; TypeScript takes it for a language model unless told otherwise, `fromPretrained<HyenaClassifier>(source)`.
 * @param source File, directory, URL, File objects or `{config, weights}`.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape; nothing is left half-loaded.
 */
export async function fromPretrained(source: CheckpointSource, options?: FromPretrainedOptions): Promise<Hyena>;
/** The same for a checkpoint that is known to hold a classifier. */
export async function fromPretrained<Model extends HyenaClassifier>(
  source: CheckpointSource,
  options?: FromPretrainedOptions,
): Promise<Model>;
export async function fromPretrained(
  source: CheckpointSource,
  {config}: FromPretrainedOptions = {},
): Promise<Hyena | HyenaClassifier> {
  const checkpoint = await openCheckpoint(source);
  try {
    return classifierLayouts.some((layout) => layout.recognizes(checkpoint))
      ? await loadFromCheckpoint(
          checkpoint,
          classifierLayouts,
          hyenaClassifier,
          config as Partial<HyenaClassifierConfig>,
        )
      : await loadFromCheckpoint(checkpoint, layouts, hyena, config as Partial<HyenaConfig>);
  } finally {
    await checkpoint.close();
  }
}
