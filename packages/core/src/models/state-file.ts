import {type ByteSource, blobSource, fileSource, readAll, urlSource} from '../checkpoints/bytes';
import {inNode, nodeFiles, pathOfFileUrl} from '../checkpoints/node';
import {reasonOf} from '../checkpoints/text';
import {CheckpointError} from '../errors';

/** Where a stream state is read from: a path (in a browser an address relative to the page), a URL, or a File or Blob. */
export type StateSource = string | URL | Blob;

/** The bytes of a source and its name for messages. */
export async function readStateFile(source: StateSource): Promise<{name: string; bytes: Uint8Array}> {
  const opened = await open(source);
  return {name: opened.name, bytes: await readAll(opened)};
}

/** Writes bytes to a file; in Node. */
export async function writeStateFile(path: string, bytes: Uint8Array): Promise<void> {
  const {writeFile} = await nodeFiles(`writing ${path} (elsewhere toBytes gives the bytes to store)`);
  try {
    await writeFile(path, bytes);
  } catch (error) {
    throw new CheckpointError(`${path}: cannot be written (${reasonOf(error)})`, {cause: error});
  }
}

async function open(source: StateSource): Promise<ByteSource> {
  if (source instanceof Blob) return blobSource(source instanceof File ? source.name : 'stream state', source);
  const isPath = typeof source === 'string' && !/^(https?|file|data|blob):/.test(source);
  if (isPath && inNode()) return fileSource(source);
  const url = isPath ? new URL(source, globalThis.location.href) : new URL(source);
  return url.protocol === 'file:' ? fileSource(await pathOfFileUrl(url)) : urlSource(url);
}
