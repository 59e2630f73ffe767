import {type CheckpointSource, loadAnyOf} from '@variants/core';
import {authorsLayout} from './checkpoint';
import type {MegabyteConfig} from './config';
import {type Megabyte, megabyte} from './model';
import {paperLayout} from './paper/checkpoint';
import type {MegabytePaperConfig} from './paper/config';
import {type MegabytePaper, megabytePaper} from './paper/model';

/** Options of {@link fromPretrained}. */
export interface FromPretrainedOptions {
  /** Fields that shall differ from the checkpoint's. */
  config?: Partial<MegabyteConfig> | Partial<MegabytePaperConfig>;
}

/**
 * A MegaByte from a checkpoint: of stages, in the names of lucidrains/MEGABYTE-pytorch, or of the paper's form. The names of
 * tensors decide which it is; TypeScript takes it for stages unless told otherwise, `fromPretrained<MegabytePaper>(source)`.
 * @param source Directory, URL, File objects or `{config, weights}`.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape; nothing is left half-loaded.
 */
export function fromPretrained(source: CheckpointSource, options?: FromPretrainedOptions): Promise<Megabyte>;
/** The same for a checkpoint that is known to hold the paper's form. */
export function fromPretrained<Model extends MegabytePaper>(
  source: CheckpointSource,
  options?: FromPretrainedOptions,
): Promise<Model>;
export function fromPretrained(
  source: CheckpointSource,
  options: FromPretrainedOptions = {},
): Promise<Megabyte | MegabytePaper> {
  return loadAnyOf(
    source,
    [
      [[authorsLayout], megabyte],
      [[paperLayout], megabytePaper],
    ],
    options,
  );
}
