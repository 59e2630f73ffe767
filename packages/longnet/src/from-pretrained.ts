import {type CheckpointSource, loadAnyOf} from '@variants/core';
import {decoderLayout, encoderLayout} from './checkpoint';
import type {LongNetConfig, LongNetEncoderConfig} from './config';
import {type LongNet, type LongNetEncoder, longnet, longnetEncoder} from './model';

/** Options of {@link fromPretrained}. */
export interface FromPretrainedOptions {
  /** Fields that shall differ from the checkpoint's, such as `differentiateShares` or `dropout`. */
  config?: Partial<LongNetConfig> | Partial<LongNetEncoderConfig>;
}

/**
 * A LongNet from a checkpoint in torchscale's names: a language model where its configuration has decoder fields, else an
 * encoder. TypeScript takes it for a language model unless told otherwise, `fromPretrained<LongNetEncoder>(source)`.
 * @param source Directory, URL, File objects or `{config, weights}`.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape, or the configuration says too little;
 *   nothing is left half-loaded.
 */
export async function fromPretrained(source: CheckpointSource, options?: FromPretrainedOptions): Promise<LongNet>;
/** The same for a checkpoint that is known to hold an encoder. */
export async function fromPretrained<Model extends LongNetEncoder>(
  source: CheckpointSource,
  options?: FromPretrainedOptions,
): Promise<Model>;
export async function fromPretrained(
  source: CheckpointSource,
  options: FromPretrainedOptions = {},
): Promise<LongNet | LongNetEncoder> {
  return loadAnyOf(
    source,
    [
      [[decoderLayout], longnet],
      [[encoderLayout], longnetEncoder],
    ],
    options,
  );
}
