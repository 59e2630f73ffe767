import {CheckpointError} from '../errors';
import {shown} from '../shown';
import {type ByteSource, blobSource, bufferSource, fileSource} from './bytes';
import {type FileSet, jsonReader} from './file-set';
import {inNode, nodeFiles, nodePaths, pathOfFileUrl} from './node';
import {reasonOf} from './text';
import {openUrl} from './url-files';

/**
 * Where a checkpoint comes from: a directory, a file, the http(s) address of a file (known by its extension) or of a
 * folder, `File`s that were dropped on a page, or the configuration and the bytes of a weight file.
 * In a browser a string is an address, relative to the page.
 */
export type CheckpointSource = string | URL | Iterable<File> | CheckpointBuffers;

/** A checkpoint in memory: what would stand in config.json, and the bytes of a weight file. */
export interface CheckpointBuffers {
  readonly config?: Record<string, unknown>;
  readonly weights: ArrayBuffer | Uint8Array;
}

/** Finds the files of a source. Local files are only listed; of a URL the small ones are fetched. */
export async function openFiles(source: CheckpointSource): Promise<FileSet> {
  if (source instanceof URL) return openLocation(source);
  if (typeof source === 'string') {
    if (/^(https?|file|data|blob):/.test(source)) return openLocation(parseUrl(source));
    return inNode() ? openPath(source) : openUrl(parseUrl(source, globalThis.location.href));
  }
  if (typeof source === 'object' && source !== null) {
    if ('weights' in source && isBytes(source.weights)) return openBuffers(source);
    if (Symbol.iterator in source && !ArrayBuffer.isView(source)) return openFileList(source);
  }
  throw new CheckpointError(
    `a checkpoint is a directory, a file, a URL, a list of File objects or {config, weights}, not ${shown(source)}`,
  );
}

const isBytes = (value: unknown) => value instanceof ArrayBuffer || value instanceof Uint8Array;

/** A name on the Hugging Face hub: its owner and the model's. */
const hubName = /^[\w.-]*\w\/[\w.-]*\w$/;

/** What to do where a path is no file but looks like a name on the hub, for messages. */
function hintOf(path: string): string {
  if (!hubName.test(path)) return '';
  return `; names on the Hugging Face hub are not fetched: download its config.json and weight files and give their directory, or give the address https://huggingface.co/${path}/resolve/main/`;
}

function parseUrl(text: string, base?: string): URL {
  try {
    return new URL(text, base);
  } catch (error) {
    throw new CheckpointError(`${text}: is no URL`, {cause: error});
  }
}

async function openLocation(url: URL): Promise<FileSet> {
  return url.protocol === 'file:' ? openPath(await pathOfFileUrl(url)) : openUrl(url);
}

async function openPath(path: string): Promise<FileSet> {
  const {readdir, stat} = await nodeFiles(`reading ${path}`);
  const {basename, dirname, join} = await nodePaths();
  try {
    const isDirectory = (await stat(path)).isDirectory();
    const directory = isDirectory ? path : dirname(path);
    const open = (name: string) => fileSource(join(directory, name));
    const names = (await readdir(directory)).sort();
    return {name: path, names, ...(!isDirectory && {main: basename(path)}), open, json: jsonReader(open)};
  } catch (error) {
    const reason = reasonOf(error);
    throw new CheckpointError(
      `${path}: cannot be opened (${reason}); expected a checkpoint's directory or file${hintOf(path)}`,
      {
        cause: error,
      },
    );
  }
}

function openNamed(name: string, sources: ReadonlyMap<string, ByteSource>, main?: string): FileSet {
  const open = async (file: string) => {
    const source = sources.get(file);
    if (source) return source;
    throw new CheckpointError(`${name}: there is no file ${file} among ${[...sources.keys()].join(', ')}`);
  };
  return {name, names: [...sources.keys()], ...(main && {main}), open, json: jsonReader(open)};
}

function openFileList(list: Iterable<File>): FileSet {
  const files = [...list];
  for (const file of files)
    if (!(file instanceof Blob && typeof file.name === 'string'))
      throw new CheckpointError(
        `a list of files for a checkpoint holds ${shown(file)}, but must hold File objects alone`,
      );
  const sources = new Map<string, ByteSource>();
  for (const file of files) {
    if (sources.has(file.name)) throw new CheckpointError(`two of the files are named ${file.name}`);
    sources.set(file.name, blobSource(file.name, file));
  }
  return openNamed(files.length === 1 ? files[0].name : `${files.length} files`, sources);
}

function openBuffers({config, weights}: CheckpointBuffers): FileSet {
  const sources = new Map([['weights', bufferSource('weights', weights)]]);
  if (config) sources.set('config.json', bufferSource('config.json', new TextEncoder().encode(JSON.stringify(config))));
  return openNamed('weights', sources, 'weights');
}
