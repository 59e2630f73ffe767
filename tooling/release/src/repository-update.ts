import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {publishedPackages, workspaceDirectory} from './packages';
import {repositoryFields} from './repository';

/** Writes what follows from the `repository` of the workspace's package.json into those of all packages. */
const {repository} = JSON.parse(await readFile(join(workspaceDirectory, 'package.json'), 'utf8'));
for (const {directory} of publishedPackages) {
  const path = join(directory, 'package.json');
  const {repository: _, homepage: __, bugs: ___, ...manifest} = JSON.parse(await readFile(path, 'utf8'));
  const entries = Object.entries(manifest);
  // Behind the license, where npm's own order has them.
  const at = entries.findIndex(([name]) => name === 'license') + 1;
  entries.splice(at, 0, ...Object.entries(repositoryFields(repository, directory)));
  await writeFile(path, `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`);
}
console.log(repository === '' ? 'No repository: the packages name none.' : `All packages are of ${repository}.`);
