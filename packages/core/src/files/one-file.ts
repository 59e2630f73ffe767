import {requireArgument} from '../arguments';
import {CheckpointError} from '../errors';
import {type ByteSource, blobSource, bufferSource, fileSource, readAll, urlSource} from './bytes';
import {inNode, pathOfFileUrl} from './node';

/** Where one file is read from: a path (in a browser an address relative to the page), a URL, a File or Blob, or its bytes. */
export type FileSource = string | URL | Blob | ArrayBuffer | Uint8Array;

/**
 * All bytes of a source, and its name for messages.
 * @param what What a source without a name is called.
 * @throws CheckpointError when it cannot be read.
 */
export async function readFileSource(source: FileSource, what: string): Promise<{name: string; bytes: Uint8Array}> {
  const opened = await open(source, what);
  return {name: opened.name, bytes: await readAll(opened)};
}

async function open(source: FileSource, what: string): Promise<ByteSource> {
  const isSource = (typeof source === 'string' && source !== '') || source instanceof URL || source instanceof Blob;
  const isData = source instanceof ArrayBuffer || ArrayBuffer.isView(source);
  const allowed = 'a path, a URL, a File or Blob, or its bytes';
  requireArgument(`the source of the ${what}`, 'what was given', source, isSource || isData, allowed, CheckpointError);
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return bufferSource(what, source);
  if (source instanceof Blob) return blobSource(source instanceof File ? source.name : what, source);
  const isPath = typeof source === 'string' && !/^(https?|file|data|blob):/.test(source);
  if (isPath && inNode()) return fileSource(source);
  const url = isPath ? new URL(source, globalThis.location.href) : urlOf(source);
  return url.protocol === 'file:' ? fileSource(await pathOfFileUrl(url)) : urlSource(url);
}

function urlOf(source: string | URL): URL {
  try {
    return new URL(source);
  } catch (cause) {
    throw new CheckpointError(`${source}: is no URL`, {cause});
  }
}
