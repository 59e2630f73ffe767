import {CheckpointError} from '../errors';
import type {ByteSource} from './bytes';
import type {FileSet} from './file-set';
import {isJsonObject, parseUniqueJson, utf8} from './json';
import {safetensorsFormat} from './safetensors';
import {openShards, parseIndex} from './shards';
import {type CheckpointSource, openFiles} from './sources';
import {torchFormat} from './torch-file';
import type {CheckpointFormat, WeightFile} from './weight-file';

/** An open checkpoint: its configuration and its tensors, by the names of its authors. Close it when done. */
export interface Checkpoint extends WeightFile {
  /** The source as it was named, for messages. */
  readonly name: string;
  /** 'safetensors', 'torch' or the name of an own format; with ' in several files' after it where an index lists them. */
  readonly format: string;
  /** What stands in config.json or, where there is none, in params.json; null without either. */
  readonly config: Record<string, unknown> | null;
}

/** Options of what opens checkpoints. */
export interface OpenOptions {
  /** Further formats of weight files, tried after the built-in ones. Default: none. */
  readonly formats?: readonly CheckpointFormat[];
}

const builtInFormats = [torchFormat, safetensorsFormat];

/** Bytes of a file that decide on its format. */
const headLength = 64;

/**
 * Opens a checkpoint: safetensors in one file or several with an index, or a file of torch.save. The format is decided
 * by the file's first bytes, never by its name. Tensors are read when asked for.
 *
 * In a directory the weights are model.safetensors.index.json, model.safetensors, pytorch_model.bin.index.json or
 * pytorch_model.bin, whichever comes first, else its only weight file.
 */
export async function openCheckpoint(source: CheckpointSource, options: OpenOptions = {}): Promise<Checkpoint> {
  const files = await openFiles(source);
  const config = await readConfigFile(files);
  const {format, weights} = await openWeights(files, weightsName(files), [
    ...builtInFormats,
    ...(options.formats ?? []),
  ]);
  return {...weights, name: files.name, format, config};
}

async function readConfigFile(files: FileSet): Promise<Record<string, unknown> | null> {
  const name = ['config.json', 'params.json'].find((known) => files.names.includes(known));
  if (!name) return null;
  const config = await files.json(name);
  if (isJsonObject(config)) return config;
  throw new CheckpointError(`${files.name}: ${name} holds no JSON object`);
}

const preferredNames = [
  'model.safetensors.index.json',
  'model.safetensors',
  'pytorch_model.bin.index.json',
  'pytorch_model.bin',
];

function weightsName({main, names, name: source}: FileSet): string {
  const preferred = main ?? preferredNames.find((name) => names.includes(name));
  if (preferred) return preferred;
  const byExtension = names.filter((name) => /\.(safetensors|index\.json|pt|pth|bin|ckpt)$/i.test(name));
  // One file of any other name may be what a user dropped on a page: its content decides.
  const candidates = byExtension.length > 0 ? byExtension : names.filter((name) => !name.endsWith('.json'));
  if (candidates.length === 1) return candidates[0];
  const found =
    candidates.length === 0
      ? 'no weight file'
      : `${candidates.length} files (${candidates.slice(0, 3).join(', ')}, ..)`;
  throw new CheckpointError(`${source}: there is ${found}; name the file, or call it model.safetensors`);
}

interface OpenWeights {
  readonly format: string;
  readonly weights: WeightFile;
}

async function openWeights(files: FileSet, main: string, formats: readonly CheckpointFormat[]): Promise<OpenWeights> {
  const bytes = await files.open(main);
  try {
    const head = await bytes.read(0, Math.min(headLength, bytes.size));
    if (!isJson(head)) return await openSingle(bytes, head, formats);
    const index = parseUniqueJson(utf8(await bytes.read(0, bytes.size), bytes.name), bytes.name);
    const shards = await openIndexed(files, parseIndex(index, bytes.name), formats, bytes.name);
    await bytes.close?.();
    return shards;
  } catch (error) {
    await bytes.close?.();
    throw error;
  }
}

async function openIndexed(
  files: FileSet,
  weightMap: ReturnType<typeof parseIndex>,
  formats: readonly CheckpointFormat[],
  where: string,
): Promise<OpenWeights> {
  const found = new Set<string>();
  const openFile = async (name: string): Promise<WeightFile> => {
    const bytes = await files.open(name);
    try {
      const head = await bytes.read(0, Math.min(headLength, bytes.size));
      const {format, weights} = await openSingle(bytes, head, formats);
      found.add(format);
      return weights;
    } catch (error) {
      await bytes.close?.();
      throw error;
    }
  };
  const weights = await openShards(weightMap, files, openFile, where);
  return {format: `${[...found].join(', ')} in several files`, weights};
}

// The first 8 bytes of a safetensors file can begin with '{' too, but are a length, with zeros in it.
function isJson(head: Uint8Array): boolean {
  return head[0] === '{'.charCodeAt(0) && !head.includes(0);
}

async function openSingle(
  bytes: ByteSource,
  head: Uint8Array,
  formats: readonly CheckpointFormat[],
): Promise<OpenWeights> {
  const format = formats.find((candidate) => candidate.recognizes(head, bytes.size));
  if (format) return {format: format.name, weights: await format.open(bytes)};
  if (head[0] === 0x80 && head[1] === 2)
    throw new CheckpointError(
      `${bytes.name}: is a torch file of the old kind; load and save it with torch 1.6 or newer`,
    );
  const beginning = JSON.stringify(String.fromCharCode(...head.subarray(0, 12)));
  throw new CheckpointError(
    `${bytes.name}: ${bytes.size} bytes that begin with ${beginning}; expected ${formats.map(({name}) => name).join(', ')} or an index of files`,
  );
}
