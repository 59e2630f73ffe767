import {type CheckpointSource, loadAnyOf} from '@variants/core';
import {huggingFace, huggingFaceClassifier} from './checkpoints/huggingface';
import {hyenaDna, hyenaDnaClassifier} from './checkpoints/hyenadna';
import {safari} from './checkpoints/safari';
import {type HyenaClassifier, hyenaClassifier} from './classifier';
import type {HyenaClassifierConfig, HyenaConfig} from './config';
import {distilledLayout} from './distillation/checkpoint';
import type {DistilledHyenaConfig} from './distillation/config';
import {DistilledHyena} from './distillation/model';
import {type Hyena, hyena} from './model';

/** Options of {@link fromPretrained}. */
export interface FromPretrainedOptions {
  /** Fields that shall differ from the checkpoint's, such as `dropout`. */
  config?: Partial<HyenaConfig> | Partial<HyenaClassifierConfig> | Partial<DistilledHyenaConfig>;
}

/**
 * A model from a checkpoint: safari's language models, also files of PyTorch Lightning; HyenaDNA's models, with or without
 * their head; Hugging Face's HyenaDNA, causal or for classification; what `distil` made and `saveCheckpoint` saved. Names of
 * tensors and fields of the configuration decide which it is; TypeScript takes it for a language model unless told
 * otherwise, `fromPretrained<HyenaClassifier>(source)`.
 * @param source File, directory, URL, File objects or `{config, weights}`.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape; nothing is left half-loaded.
 */
export async function fromPretrained(source: CheckpointSource, options?: FromPretrainedOptions): Promise<Hyena>;
/** The same for a checkpoint that is known to hold a classifier or a distilled model. */
export async function fromPretrained<Model extends HyenaClassifier | DistilledHyena>(
  source: CheckpointSource,
  options?: FromPretrainedOptions,
): Promise<Model>;
export async function fromPretrained(
  source: CheckpointSource,
  options: FromPretrainedOptions = {},
): Promise<Hyena | HyenaClassifier | DistilledHyena> {
  return loadAnyOf(
    source,
    [
      [[distilledLayout], (config: DistilledHyenaConfig) => new DistilledHyena(config)],
      [[huggingFaceClassifier, hyenaDnaClassifier], hyenaClassifier],
      [[huggingFace, hyenaDna, safari], hyena],
    ],
    options,
  );
}
