import {cpSync, mkdtempSync} from 'node:fs';
import {join} from 'node:path';

/** The workspace itself. */
export const workspace = join(import.meta.dirname, '../../..');

/** The files of a workspace in which a package is registered. */
export const registeredIn = ['apps/bench/src/architectures.ts', 'apps/bench/package.json', 'README.md'];

/**
 * A folder with copies of the files that `pnpm new` edits. It lies in this package, so that a package made in it finds its
 * neighbours in the workspace; the caller removes it.
 */
export function madeWorkspace(): string {
  const folder = mkdtempSync(join(import.meta.dirname, '..', '.made-'));
  for (const path of registeredIn) cpSync(join(workspace, path), join(folder, path));
  return folder;
}
