import {type Checkpoint, CheckpointError, type CheckpointSource, openCheckpoint, openFiles} from '@variants/core';

const shardName = /^consolidated\.(\d+)\.pth$/;

type Shape = readonly number[];

/** Whether a source is File objects. */
export function isFileList(source: CheckpointSource): source is Iterable<File> {
  return typeof source === 'object' && source !== null && Symbol.iterator in source && !ArrayBuffer.isView(source);
}

/** Whether the files of a source can be listed: those of a directory, or File objects. */
function isListed(source: CheckpointSource): source is string | Iterable<File> {
  return typeof source === 'string' ? !/^(https?|file|data|blob):/.test(source) : isFileList(source);
}

/**
 * Opens a folder of Meta's LLaMA that is cut for several GPUs, consolidated.00.pth and on, as one checkpoint.
 * @returns null where the source has not several such files.
 * @throws CheckpointError when one of the files is missing or their tensors do not go together.
 */
export async function openMetaShards(source: CheckpointSource): Promise<Checkpoint | null> {
  if (!isListed(source)) return null;
  const files = await openFiles(source);
  const names = files.names.filter((name) => shardName.test(name)).sort();
  if (files.main || names.length < 2) return null;
  const missing = names.findIndex((name, i) => Number(shardName.exec(name)?.[1]) !== i);
  if (missing >= 0)
    throw new CheckpointError(
      `${files.name}: has ${names.length} parts, consolidated.NN.pth, but none of number ${missing}`,
    );
  if (!files.names.includes('params.json')) throw new CheckpointError(`${files.name}: has no params.json`);
  const config = (await files.json('params.json')) as Record<string, unknown>;
  const shards: Checkpoint[] = [];
  try {
    for (const name of names) shards.push(await openCheckpoint(partOf(source, name)));
    return joined(shards, config, files.name);
  } catch (error) {
    await closeAll(shards);
    throw error;
  }
}

function partOf(source: string | Iterable<File>, name: string): CheckpointSource {
  return typeof source === 'string' ? `${source}/${name}` : [...source].filter((file) => file.name === name);
}

async function closeAll(shards: readonly Checkpoint[]): Promise<void> {
  for (const shard of shards) await shard.close();
}

/** Several files as one, each tensor put together of their parts. */
function joined(shards: readonly Checkpoint[], config: Record<string, unknown>, where: string): Checkpoint {
  const partsOf = (name: string) => shards.map(({tensors}) => tensors.get(name)?.shape);
  const axes = new Map<string, 0 | 1 | null>();
  const tensors = new Map(
    [...shards[0].tensors].map(([name, {dtype, shape}]) => {
      const parts = partsOf(name);
      if (parts.some((part) => part?.join() !== shape.join()))
        throw new CheckpointError(
          `${where}: tensor "${name}" has the shape [${shape}] in the first part, but not in all of them`,
        );
      const axis = cutAxis(name, shape, shards.length, config.dim);
      axes.set(name, axis);
      return [name, {dtype, shape: shape.map((size, i) => (i === axis ? size * shards.length : size))}];
    }),
  );
  return {
    name: where,
    format: `${shards[0].format} in several files`,
    config,
    tensors,
    async read(name) {
      const stored = tensors.get(name);
      if (!stored) throw new CheckpointError(`${where}: has no tensor "${name}"`);
      const axis = axes.get(name) ?? null;
      if (axis === null) return shards[0].read(name);
      const parts: Float32Array[] = [];
      for (const shard of shards) parts.push(await shard.read(name));
      return axis === 0 ? concatenated(parts) : sideBySide(parts, stored.shape);
    },
    close: () => closeAll(shards),
  };
}

/** The axis along which a tensor was cut; null where every file has all of it. */
function cutAxis(name: string, shape: Shape, count: number, dim: unknown): 0 | 1 | null {
  if (shape.length !== 2) return null;
  // Llama 3 cuts the embedding by tokens, Llama 1 and 2 by features.
  if (name === 'tok_embeddings.weight') return shape[1] * count === dim ? 1 : 0;
  return /\.(wo|w2)\.weight$/.test(name) ? 1 : 0;
}

function concatenated(parts: readonly Float32Array[]): Float32Array {
  const values = new Float32Array(parts.length * parts[0].length);
  parts.forEach((part, i) => {
    values.set(part, i * part.length);
  });
  return values;
}

/** Matrices beside each other, to one of `shape`. */
function sideBySide(parts: readonly Float32Array[], [rows, columns]: Shape): Float32Array {
  const values = new Float32Array(rows * columns);
  const width = columns / parts.length;
  parts.forEach((part, i) => {
    for (let row = 0; row < rows; row++)
      values.set(part.subarray(row * width, (row + 1) * width), row * columns + i * width);
  });
  return values;
}
