import {CheckpointError} from '../errors';
import {runningNode} from '../node';

/** Whether this program runs in Node, where strings without a protocol are paths. */
export function inNode(): boolean {
  return runningNode() !== undefined;
}

/** Node's file functions; in a browser a CheckpointError that says what `purpose` needs them for. */
export async function nodeFiles(purpose: string): Promise<typeof import('node:fs/promises')> {
  return nodeFor(purpose).getBuiltinModule('node:fs/promises');
}

/** Node's path functions. */
export async function nodePaths(): Promise<typeof import('node:path')> {
  return nodeFor('a path').getBuiltinModule('node:path');
}

/** The path of a file: URL. */
export async function pathOfFileUrl(url: URL): Promise<string> {
  return nodeFor(`reading ${url}`).getBuiltinModule('node:url').fileURLToPath(url);
}

function nodeFor(purpose: string): NonNullable<ReturnType<typeof runningNode>> {
  const node = runningNode();
  if (node === undefined) throw new CheckpointError(`${purpose}: only Node has a file system`);
  return node;
}
