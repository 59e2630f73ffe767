import {requireArgument, requireOptions} from '../arguments';
import {ConfigError} from '../errors';
import {type FileChunks, replaceFiles} from '../files/replace-files';
import {bytesOf, rawBytes, safetensorsHeader} from '../files/safetensors-write';
import {type AuthorsTensor, authorsTensors} from './authors-tensors';
import type {CheckpointModel} from './layout';

/** Readers of other libraries ask for it; it says that the names are those of PyTorch modules. */
const metadata = {format: 'pt'};

const singleName = 'model.safetensors';
const indexName = 'model.safetensors.index.json';
const writtenNames = /^model(-\d+-of-\d+)?\.safetensors(\.index\.json)?$/;

/** Options of {@link saveCheckpoint}. */
export interface SaveOptions {
  /** A file with more bytes of tensors than this is split into several with an index. Default 2 GiB. */
  maxShardBytes?: number;
}

/** The files of a checkpoint in memory. */
export interface CheckpointFiles {
  'config.json': string;
  'model.safetensors': Uint8Array;
}

function configText<Config>({layout, config}: CheckpointModel<Config>): string {
  return `${JSON.stringify(layout.writeConfig(config), null, 2)}\n`;
}

/** A model as its authors' files, in memory: for a browser to offer as downloads. float32, the authors' names. */
export async function checkpointFiles<Config>(model: CheckpointModel<Config>): Promise<CheckpointFiles> {
  requireSaved('checkpointFiles', model);
  const tensors = authorsTensors(model);
  const header = safetensorsHeader(tensors, metadata);
  const file = new Uint8Array(tensors.reduce((size, tensor) => size + bytesOf(tensor), header.length));
  let offset = 0;
  for await (const chunk of chunksOf(tensors)) {
    file.set(chunk, offset);
    offset += chunk.length;
  }
  return {'config.json': configText(model), 'model.safetensors': file};
}

/** The bytes of a safetensors file, a part of a tensor at a time. */
async function* chunksOf(tensors: readonly AuthorsTensor[]): AsyncGenerator<Uint8Array> {
  yield safetensorsHeader(tensors, metadata);
  for (const tensor of tensors) for await (const part of tensor.values()) yield rawBytes(part);
}

/**
 * Saves a model into a directory (made if it is missing) in Node: config.json and safetensors in its authors' names,
 * float32, in place of the safetensors checkpoint that may be there. An interrupted save never leaves half a file. Beside
 * the model some 16 MiB at a time are held in memory.
 */
export async function saveCheckpoint<Config>(
  model: CheckpointModel<Config>,
  directory: string,
  options: SaveOptions = {},
): Promise<void> {
  requireSaved('saveCheckpoint', model);
  const isPath = typeof directory === 'string' && directory !== '';
  requireArgument('saveCheckpoint', 'the directory', directory, isPath, 'the path of a directory');
  requireOptions('saveCheckpoint', options, ['maxShardBytes']);
  const {maxShardBytes = 2 ** 31} = options;
  const isNumber = typeof maxShardBytes === 'number';
  requireArgument('saveCheckpoint', 'maxShardBytes', maxShardBytes, isNumber, 'a number of bytes above 0');
  if (!(maxShardBytes > 0)) throw new ConfigError(`maxShardBytes: ${maxShardBytes} is no number of bytes above 0`);
  const files = weightFiles(splitIntoShards(authorsTensors(model), maxShardBytes));
  files.set('config.json', () => [encoded(configText(model))]);
  await replaceFiles(directory, files, (name) => writtenNames.test(name));
}

/** Throws a ConfigError unless a value is a model that can be saved as a checkpoint. */
function requireSaved(owner: string, model: unknown): void {
  const {config, layout, isDisposed} = (model ?? {}) as {config?: unknown; layout?: unknown; isDisposed?: boolean};
  const isSaved = typeof config === 'object' && typeof layout === 'object';
  const allowed = 'a model of @variants, such as retnet(...) makes; a model of tfjs itself has save';
  requireArgument(owner, 'the model', model, isSaved, allowed);
  if (isDisposed) throw new ConfigError(`${owner}: the model was disposed and has no weights any more`);
}

function encoded(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Cuts a list of tensors into stretches of at most `maxBytes`, or of one tensor that is larger. */
function splitIntoShards(tensors: readonly AuthorsTensor[], maxBytes: number): AuthorsTensor[][] {
  const shards: AuthorsTensor[][] = [[]];
  let bytes = 0;
  for (const tensor of tensors) {
    const shard = shards[shards.length - 1];
    bytes += bytesOf(tensor);
    if (bytes <= maxBytes || shard.length === 0) {
      shard.push(tensor);
    } else {
      shards.push([tensor]);
      bytes = bytesOf(tensor);
    }
  }
  return shards;
}

/** The weight files to be written, the index after the files that it names. */
function weightFiles(shards: readonly AuthorsTensor[][]): Map<string, FileChunks> {
  if (shards.length === 1) return new Map([[singleName, () => chunksOf(shards[0])]]);
  const numbered = (number: number) => String(number).padStart(5, '0');
  const nameOf = (i: number) => `model-${numbered(i + 1)}-of-${numbered(shards.length)}.safetensors`;
  const files = new Map<string, FileChunks>(shards.map((tensors, i) => [nameOf(i), () => chunksOf(tensors)]));
  return files.set(indexName, () => [encoded(indexText(shards, nameOf))]);
}

function indexText(shards: readonly AuthorsTensor[][], nameOf: (shard: number) => string): string {
  const totalSize = shards.flat().reduce((size, tensor) => size + bytesOf(tensor), 0);
  const weightMap = shards.flatMap((tensors, i) => tensors.map(({name}): [string, string] => [name, nameOf(i)]));
  return `${JSON.stringify({metadata: {total_size: totalSize}, weight_map: Object.fromEntries(weightMap)}, null, 2)}\n`;
}
