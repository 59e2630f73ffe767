import {type CheckpointSource, loadFromCheckpoint, openCheckpoint} from '@variants/core';
import {layouts} from './checkpoints';
import {llama2cBin} from './checkpoints/llama2c-bin';
import type {TransformerConfig} from './config';
import {type Transformer, transformer} from './model';

/** Options of {@link fromPretrained}. */
export interface FromPretrainedOptions {
  /** Fields that shall differ from the checkpoint's, such as `maxSequenceLength`. */
  config?: Partial<TransformerConfig>;
}

/**
 * A decoder from a checkpoint: GPT-2 and LLaMA of Hugging Face, nanoGPT, Meta's LLaMA, llama2.c (also .bin and ckpt.pt).
 * The names of the tensors decide which it is.
 * @param source Directory, file, URL, File objects or `{config, weights}`.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape; nothing is left half-loaded.
 */
export async function fromPretrained(
  source: CheckpointSource,
  options: FromPretrainedOptions = {},
): Promise<Transformer> {
  const checkpoint = await openCheckpoint(source, {formats: [llama2cBin]});
  try {
    return await loadFromCheckpoint(checkpoint, Object.values(layouts), transformer, options.config);
  } finally {
    await checkpoint.close();
  }
}
