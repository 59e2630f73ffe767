import {CheckpointError} from '../errors';
import {type ByteSource, blobSource, bufferSource, fileSource} from './bytes';
import {type FileSet, jsonReader} from './file-set';
import {inNode, nodeFiles, nodePaths, pathOfFileUrl, reasonOf} from './node';
import {openUrl} from './url-files';

/**
 * Where a checkpoint comes from: a directory, a file, the http(s) address of a file (known by its extension) or of a
 * folder, `File`s that were dropped on a page, or the configuration and the bytes of a weight file.
 * In a browser a string is an address, relative to the page.
 */
export type CheckpointSource =
  | string
  | URL
  | readonly File[]
  | {readonly config?: Record<string, unknown>; readonly weights: ArrayBuffer | Uint8Array};

/** Finds the files of a source. Local files are only listed; of a URL the small ones are fetched. */
export async function openFiles(source: CheckpointSource): Promise<FileSet> {
  if (source instanceof URL) return openLocation(source);
  if (typeof source === 'string') {
    if (/^(https?|file|data|blob):/.test(source)) return openLocation(new URL(source));
    return inNode() ? openPath(source) : openUrl(new URL(source, globalThis.location.href));
  }
  if (isFileList(source)) return openFileList(source);
  if (source && 'weights' in source) return openBuffers(source);
  throw new CheckpointError('a checkpoint is a directory, a file, a URL, a list of File objects or {config, weights}');
}

function isFileList(source: object): source is readonly File[] {
  return Array.isArray(source);
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
    const open = (name: string) => fileSource(name === basename(path) && !isDirectory ? path : join(directory, name));
    const names = (await readdir(directory)).sort();
    return {name: path, names, ...(!isDirectory && {main: basename(path)}), open, json: jsonReader(open)};
  } catch (error) {
    throw new CheckpointError(
      `${path}: cannot be opened (${reasonOf(error)}); expected a checkpoint's directory or file`,
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

function openFileList(files: readonly File[]): FileSet {
  const sources = new Map<string, ByteSource>();
  for (const file of files) {
    if (sources.has(file.name)) throw new CheckpointError(`two of the files are named ${file.name}`);
    sources.set(file.name, blobSource(file.name, file));
  }
  return openNamed(files.length === 1 ? files[0].name : `${files.length} files`, sources);
}

function openBuffers({
  config,
  weights,
}: {
  config?: Record<string, unknown>;
  weights: ArrayBuffer | Uint8Array;
}): FileSet {
  const sources = new Map([['weights', bufferSource('weights', weights)]]);
  if (config) sources.set('config.json', bufferSource('config.json', new TextEncoder().encode(JSON.stringify(config))));
  return openNamed('weights', sources, 'weights');
}
