import {requireArgument, requireOptions} from '../arguments';
import {type OpenOptions, openCheckpoint} from '../files/checkpoint';
import {countOf, type StoredDtype} from '../files/dtypes';
import type {CheckpointSource} from '../files/sources';
import {findLayout, type Recognizer} from './recognize';

/** What {@link inspect} finds. */
export interface CheckpointSummary {
  /** 'safetensors', 'torch', ..., with ' in several files' where an index lists them. */
  format: string;
  /** The name of the first layout that recognises the checkpoint; null if none does. */
  layout: string | null;
  /** What config.json or params.json holds; null without either. */
  config: Record<string, unknown> | null;
  /** In the order of the file. */
  tensors: {name: string; dtype: StoredDtype; shape: number[]}[];
  /** Values in all tensors together; a tied matrix that was written twice counts twice, buffers count too. */
  parameters: number;
}

/** Lists what a checkpoint holds without reading the values of a tensor, and which of the `layouts` it is of. */
export async function inspect(
  source: CheckpointSource,
  layouts: readonly Recognizer[] = [],
  options: OpenOptions = {},
): Promise<CheckpointSummary> {
  requireArgument('inspect', 'layouts', layouts, Array.isArray(layouts), 'a list of layouts');
  requireOptions('inspect', options, ['formats']);
  const checkpoint = await openCheckpoint(source, options);
  try {
    const tensors = [...checkpoint.tensors].map(([name, {dtype, shape}]) => ({name, dtype, shape: [...shape]}));
    return {
      format: checkpoint.format,
      layout: findLayout(checkpoint, layouts)?.layout.name ?? null,
      config: checkpoint.config,
      tensors,
      parameters: tensors.reduce((sum, {shape}) => sum + countOf(shape), 0),
    };
  } finally {
    await checkpoint.close();
  }
}
