import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

/** A package of the workspace that is published. */
export interface PublishedPackage {
  readonly name: string;
  /** Its absolute path. */
  readonly directory: string;
  /** Its entries: what an import adds to the name ('.' or './simd'), and the source behind it. */
  readonly entries: Readonly<Record<string, string>>;
}

/** The absolute path of the workspace. */
export const workspaceDirectory = join(import.meta.dirname, '../../..');

/** Every folder of `packages` that is not private. */
export const publishedPackages: readonly PublishedPackage[] = readdirSync(join(workspaceDirectory, 'packages'))
  .map((folder) => join(workspaceDirectory, 'packages', folder))
  .filter((directory) => existsSync(join(directory, 'package.json')))
  .map((directory) => ({directory, manifest: JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))}))
  .filter(({manifest}) => !manifest.private)
  .map(({directory, manifest}) => ({name: manifest.name, directory, entries: manifest.exports}));

/** The names that a program can import from: `@variants/core`, `@variants/core/simd`. */
export function importNames({name, entries}: PublishedPackage): string[] {
  return Object.keys(entries).map((entry) => `${name}${entry.slice(1)}`);
}
