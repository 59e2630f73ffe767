import {CheckpointError} from '../errors';
import type {FileSet} from './file-set';
import {isJsonObject} from './json';
import type {StoredTensor, WeightFile} from './weight-file';

/** What an index file says: the file of each tensor. */
export type WeightMap = ReadonlyMap<string, string>;

/** Checks what an index file (model.safetensors.index.json) holds. */
export function parseIndex(index: unknown, where: string): WeightMap {
  const weightMap = isJsonObject(index) ? index.weight_map : undefined;
  if (!isJsonObject(weightMap))
    throw new CheckpointError(`${where}: has no object "weight_map" of tensors and their files`);
  for (const [tensor, file] of Object.entries(weightMap))
    if (typeof file !== 'string' || !/^[^/\\]+$/.test(file) || file === '..')
      throw new CheckpointError(
        `${where}: tensor "${tensor}" is in ${JSON.stringify(file)}, which is no file beside the index`,
      );
  return new Map(Object.entries(weightMap as Record<string, string>));
}

/**
 * The tensors of several files as one. A file that is missing, a tensor that the index lists but its file does not have,
 * and a tensor in two files are CheckpointErrors. Tensors that the index does not list are there too.
 */
export async function openShards(
  weightMap: WeightMap,
  files: FileSet,
  openFile: (name: string) => Promise<WeightFile>,
  where: string,
): Promise<WeightFile> {
  const shards = new Map<string, WeightFile>();
  const close = async () => {
    for (const shard of shards.values()) await shard.close();
  };
  try {
    for (const file of new Set(weightMap.values())) shards.set(file, await openShard(file, files, openFile, where));
    const owners = ownersOf(shards, where);
    assertListedAreThere(weightMap, shards, where);
    const ownerOf = (name: string): WeightFile => {
      const owner = owners.get(name);
      if (owner) return owner;
      throw new CheckpointError(`${where}: has no tensor "${name}"`);
    };
    const tensors = new Map([...owners].map(([name, shard]) => [name, shard.tensors.get(name) as StoredTensor]));
    return {
      tensors,
      read: async (name) => ownerOf(name).read(name),
      readIntegers: async (name) => readIntegers(ownerOf(name), name, where),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function readIntegers(shard: WeightFile, name: string, where: string): Promise<Int32Array> {
  if (shard.readIntegers) return shard.readIntegers(name);
  throw new CheckpointError(`${where}: tensor "${name}": its format has no whole numbers`);
}

async function openShard(
  file: string,
  files: FileSet,
  openFile: (name: string) => Promise<WeightFile>,
  where: string,
): Promise<WeightFile> {
  try {
    return await openFile(file);
  } catch (error) {
    if (files.names.includes(file) || !(error instanceof CheckpointError)) throw error;
    throw new CheckpointError(`${where}: lists tensors in ${file}, but that file cannot be opened: ${error.message}`, {
      cause: error,
    });
  }
}

function ownersOf(shards: ReadonlyMap<string, WeightFile>, where: string): Map<string, WeightFile> {
  const owners = new Map<string, WeightFile>();
  const fileOf = new Map<string, string>();
  for (const [file, shard] of shards)
    for (const name of shard.tensors.keys()) {
      if (owners.has(name))
        throw new CheckpointError(`${where}: tensor "${name}" is both in ${fileOf.get(name)} and in ${file}`);
      owners.set(name, shard);
      fileOf.set(name, file);
    }
  return owners;
}

function assertListedAreThere(weightMap: WeightMap, shards: ReadonlyMap<string, WeightFile>, where: string): void {
  for (const [name, file] of weightMap)
    if (!shards.get(file)?.tensors.has(name))
      throw new CheckpointError(`${where}: lists tensor "${name}" in ${file}, but that file does not have it`);
}
