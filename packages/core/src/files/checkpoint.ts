import {CheckpointError} from '../errors';
import {type ByteSource, readAll} from './bytes';
import type {FileSet} from './file-set';
import {isJsonObject, parseUniqueJson, utf8} from './json';
import {safetensorsFormat} from './safetensors';
import {openShards, parseIndex} from './shards';
import {type CheckpointSource, openFiles} from './sources';
import {firstThree} from './text';
import {torchFormat} from './torch-file';
import type {CheckpointFormat, WeightFile} from './weight-file';
import {withoutReservedWrappers} from './wrapped-names';

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
 * by the file's first bytes, never by its name. Tensors are read when asked for. `_orig_mod.` and `_fsdp_wrapped_module.`,
 * which torch.compile and FSDP put before all names, are taken off.
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
  const {tensors, extra, readIntegers} = weights;
  return withoutReservedWrappers({
    name: files.name,
    format,
    config,
    tensors,
    ...(extra !== undefined && {extra}),
    read: (name) => weights.read(name),
    ...(readIntegers && {readIntegers: (name) => readIntegers.call(weights, name)}),
    close: () => weights.close(),
  });
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
  const others = names.filter((name) => !name.endsWith('.json'));
  const candidates = byExtension.length > 0 || others.length > 1 ? byExtension : others;
  if (candidates.length === 1) return candidates[0];
  const found = candidates.length === 0 ? 'no weight file' : `more than one weight file (${firstThree(candidates)})`;
  throw new CheckpointError(`${source}: has ${found}; name the file itself, or call it model.safetensors`);
}

interface OpenWeights {
  readonly format: string;
  readonly weights: WeightFile;
}

async function openWeights(files: FileSet, main: string, formats: readonly CheckpointFormat[]): Promise<OpenWeights> {
  const bytes = await files.open(main);
  const head = await closedOnFailure(bytes, headOf(bytes));
  return isJson(head) ? openIndexed(files, bytes, formats) : closedOnFailure(bytes, openSingle(bytes, formats));
}

async function closedOnFailure<Result>(bytes: ByteSource, opening: Promise<Result>): Promise<Result> {
  try {
    return await opening;
  } catch (error) {
    await bytes.close?.();
    throw error;
  }
}

function headOf(bytes: ByteSource): Promise<Uint8Array> {
  return bytes.read(0, Math.min(headLength, bytes.size));
}

// The first 8 bytes of a safetensors file can begin with '{' too, but are a length, with zeros in it.
function isJson(head: Uint8Array): boolean {
  return head[0] === '{'.charCodeAt(0) && !head.includes(0);
}

async function openIndexed(
  files: FileSet,
  indexFile: ByteSource,
  formats: readonly CheckpointFormat[],
): Promise<OpenWeights> {
  const where = indexFile.name;
  const weightMap = parseIndex(parseUniqueJson(utf8(await readAll(indexFile), where), where), where);
  const formatsFound = new Set<string>();
  const openFile = async (name: string): Promise<WeightFile> => {
    const bytes = await files.open(name);
    const {format, weights} = await closedOnFailure(bytes, openSingle(bytes, formats));
    formatsFound.add(format);
    return weights;
  };
  const weights = await openShards(weightMap, files, openFile, where);
  return {format: `${[...formatsFound].join(', ')} in several files`, weights};
}

async function openSingle(bytes: ByteSource, formats: readonly CheckpointFormat[]): Promise<OpenWeights> {
  const head = await headOf(bytes);
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
