import {mkdir, readFile, rm, writeFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import getReleasePlan from '@changesets/get-release-plan';
import {temporaryDirectory} from './pack';
import {publishedPackages, workspaceDirectory} from './packages';

/** Kinds of change that a changeset can claim for a package. */
type Change = 'patch' | 'minor' | 'major';

/** What a release starts from. Packages go by the names of their folders. */
interface Release {
  /** What the changeset says. */
  changes: Readonly<Record<string, Change>>;
  /** The version that all packages have before. */
  version: string;
  /** Versions of those that have another one. */
  versions?: Readonly<Record<string, string>>;
}

/**
 * What `changeset version` would make of a change: the new versions, by the names of folders, of all packages that get
 * one. It works by the workspace's own manifests and settings.
 */
export async function dryRun({changes, version, versions}: Release): Promise<Record<string, string>> {
  const directory = await temporaryDirectory('dry-run');
  const write = async (path: string, text: string) => {
    await mkdir(join(directory, path, '..'), {recursive: true});
    await writeFile(join(directory, path), text);
  };
  const copy = async (path: string) => write(path, await readFile(join(workspaceDirectory, path), 'utf8'));
  try {
    for (const path of ['package.json', 'pnpm-workspace.yaml', '.changeset/config.json']) await copy(path);
    for (const {directory: source} of publishedPackages) {
      const manifest = JSON.parse(await readFile(join(source, 'package.json'), 'utf8'));
      const folder = basename(source);
      await write(
        `packages/${folder}/package.json`,
        JSON.stringify({...manifest, version: versions?.[folder] ?? version}),
      );
    }
    const lines = Object.entries(changes).map(([folder, change]) => `'@variants/${folder}': ${change}`);
    await write('.changeset/a-change.md', `---\n${lines.join('\n')}\n---\n\nA change.\n`);
    return await newVersions(directory);
  } finally {
    await rm(directory, {recursive: true});
  }
}

/** What `changeset version` would make of the changesets that lie in a workspace. */
export async function newVersions(directory: string): Promise<Record<string, string>> {
  const {releases} = await getReleasePlan(directory);
  const changed = releases.filter(({type}) => type !== 'none');
  return Object.fromEntries(changed.map(({name, newVersion}) => [name.replace('@variants/', ''), newVersion]));
}
