import {CheckpointError} from '../errors';

/** Whether this program runs in Node, where strings without a protocol are paths. */
export function inNode(): boolean {
  return typeof process !== 'undefined' && Boolean(process.versions?.node);
}

// The names are no literals so that bundlers for browsers leave these imports alone.
function importNode<Module>(name: string): Promise<Module> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ `node:${name}`);
}

/** Node's file functions; in a browser a CheckpointError that says what `purpose` needs them for. */
export async function nodeFiles(purpose: string): Promise<typeof import('node:fs/promises')> {
  if (!inNode()) throw new CheckpointError(`${purpose}: only Node has a file system`);
  return importNode('fs/promises');
}

/** Node's path functions. */
export function nodePaths(): Promise<typeof import('node:path')> {
  return importNode('path');
}

/** The path of a file: URL. */
export async function pathOfFileUrl(url: URL): Promise<string> {
  const {fileURLToPath} = await importNode<typeof import('node:url')>('url');
  return fileURLToPath(url);
}
