import {type Checkpoint, type CheckpointSource, loadFromCheckpoint, openCheckpoint} from '@variants/core';
import {huggingFace, huggingFaceClassifier} from './checkpoints/huggingface';
import {hyenaDna, hyenaDnaClassifier} from './checkpoints/hyenadna';
import {safari} from './checkpoints/safari';
import {type HyenaClassifier, hyenaClassifier} from './classifier';
import type {HyenaClassifierConfig, HyenaConfig} from './config';
import {distilledLayout} from './distillation/checkpoint';
import type {DistilledHyenaConfig} from './distillation/config';
import {DistilledHyena} from './distillation/model';
import {type Hyena, hyena} from './model';

type AnyConfig = Partial<HyenaConfig> | Partial<HyenaClassifierConfig> | Partial<DistilledHyenaConfig>;

/** Options of {@link fromPretrained}. */
export interface FromPretrainedOptions {
  /** Fields that shall differ from the checkpoint's, such as `dropout`. */
  config?: AnyConfig;
}

const languageModelLayouts = [huggingFace, hyenaDna, safari];
const classifierLayouts = [huggingFaceClassifier, hyenaDnaClassifier];

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
  {config}: FromPretrainedOptions = {},
): Promise<Hyena | HyenaClassifier | DistilledHyena> {
  const checkpoint = await openCheckpoint(source);
  try {
    return await load(checkpoint, config);
  } finally {
    await checkpoint.close();
  }
}

function load(checkpoint: Checkpoint, config?: AnyConfig): Promise<Hyena | HyenaClassifier | DistilledHyena> {
  const recognized = (layouts: {recognizes(checkpoint: Checkpoint): boolean}[]) =>
    layouts.some((layout) => layout.recognizes(checkpoint));
  if (recognized([distilledLayout])) {
    const create = (complete: DistilledHyenaConfig) => new DistilledHyena(complete);
    return loadFromCheckpoint(checkpoint, [distilledLayout], create, config as Partial<DistilledHyenaConfig>);
  }
  return recognized(classifierLayouts)
    ? loadFromCheckpoint(checkpoint, classifierLayouts, hyenaClassifier, config as Partial<HyenaClassifierConfig>)
    : loadFromCheckpoint(checkpoint, languageModelLayouts, hyena, config as Partial<HyenaConfig>);
}
