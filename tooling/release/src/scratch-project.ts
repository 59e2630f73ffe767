import {copyFile, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {pack, temporaryDirectory} from './pack';
import {examplePath, importNames, type PublishedPackage, workspaceDirectory} from './packages';
import {run} from './run';

/**
 * Makes the project of a user who installed all packages, outside the workspace: their tarballs, and tfjs, TypeScript and
 * Vite from the registry. It holds a file that imports everything for each entry, and each package's example.
 *
 * @returns the path of its folder.
 */
export async function scratchProject(packages: readonly PublishedPackage[]): Promise<string> {
  const directory = await temporaryDirectory('installed');
  await install(packages, directory);
  for (const name of packages.flatMap(importNames)) await writeImport(name, directory);
  for (const each of packages) {
    const example = examplePath(each);
    if (example !== undefined) await copyFile(example, join(directory, `${exampleName(each.name)}.ts`));
  }
  return directory;
}

/** The file that imports everything from an entry, without its ending. */
export function importName(entry: string): string {
  return `import-${entry.replace('@', '').replaceAll('/', '-')}`;
}

/** The file of a package's example, without its ending. */
export function exampleName(packageName: string): string {
  return `example-${packageName.replace('@', '').replaceAll('/', '-')}`;
}

async function install(packages: readonly PublishedPackage[], directory: string): Promise<void> {
  const dependencies: Record<string, string> = {};
  for (const each of packages) dependencies[each.name] = `file:${await pack(each, directory)}`;
  for (const name of ['@tensorflow/tfjs', 'typescript', 'vite']) dependencies[name] = await versionInWorkspace(name);
  await writeFile(join(directory, 'package.json'), JSON.stringify({private: true, type: 'module', dependencies}));
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], directory);
}

async function versionInWorkspace(name: string): Promise<string> {
  const manifest = join(workspaceDirectory, 'tooling/release/node_modules', name, 'package.json');
  return JSON.parse(await readFile(manifest, 'utf8')).version;
}

async function writeImport(name: string, directory: string): Promise<void> {
  const program = `import * as everything from '${name}';\n\nconsole.log(Object.keys(everything).sort().join(' '));\n`;
  await writeFile(join(directory, `${importName(name)}.ts`), program);
}
