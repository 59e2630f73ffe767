import {mkdir, readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {pack} from './pack';
import type {PublishedPackage} from './packages';
import {run} from './run';

/** The version of core that a user has in whose project every package is of another version. */
export const coreVersion = '1.99.0';

/**
 * Packs built packages as releases of different versions, each of which asks for the core that there was then: 1.0.0, 1.1.0
 * and so on, with a core that is newer than all of them.
 *
 * @returns the path of the tarball of each, by its name.
 */
export async function packVersions(
  packages: readonly PublishedPackage[],
  destination: string,
): Promise<Map<string, string>> {
  const tarballs = new Map<string, string>();
  for (const [i, each] of packages.entries()) {
    const version = each.name === '@variants/core' ? coreVersion : `1.${i}.0`;
    const folder = join(destination, `version-${i}`);
    await mkdir(folder);
    await run('tar', ['-xzf', await pack(each, folder)], folder);
    await setVersion(join(folder, 'package'), version);
    await run('tar', ['-czf', 'package.tgz', 'package'], folder);
    tarballs.set(each.name, join(folder, 'package.tgz'));
  }
  return tarballs;
}

/** Makes a package in a folder one of another version, in its manifest and where its code says so. */
export async function setVersion(folder: string, version: string): Promise<void> {
  const path = join(folder, 'package.json');
  const manifest = JSON.parse(await readFile(path, 'utf8'));
  const peers = manifest.peerDependencies;
  if (peers['@variants/core']) peers['@variants/core'] = `^${version}`;
  await writeFile(path, JSON.stringify({...manifest, version}));
  for (const file of await readdir(join(folder, 'dist'))) {
    if (!file.endsWith('.js')) continue;
    const code = await readFile(join(folder, 'dist', file), 'utf8');
    await writeFile(join(folder, 'dist', file), code.replace(/^var version = ".*";$/m, `var version = "${version}";`));
  }
}
