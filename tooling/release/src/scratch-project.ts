import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {writeExamples} from './examples';
import {temporaryDirectory} from './pack';
import {importNames, type PublishedPackage, workspaceDirectory} from './packages';
import {run} from './run';
import {packVersions} from './versions';

/**
 * Makes the project of a user who installed all packages at different times, outside the workspace: tarballs of different
 * versions, and tfjs, TypeScript and bundlers from the registry. It holds a file that imports everything for each entry, each
 * package's example, and a program that prints what the packages warn of.
 *
 * @returns the path of its folder.
 */
export async function scratchProject(packages: readonly PublishedPackage[]): Promise<string> {
  const directory = await temporaryDirectory('installed');
  await install(packages, directory);
  for (const name of packages.flatMap(importNames)) await writeImport(name, directory);
  await writeWarnings(packages, directory);
  await writeExamples(packages, directory);
  return directory;
}

/** The file that imports everything from an entry, without its ending. */
export function importName(entry: string): string {
  return `import-${entry.replace('@', '').replaceAll('/', '-')}`;
}

/** The file that imports all packages and prints a line for each warning of theirs, without its ending. */
export const warningsName = 'warnings';

const bundlerPackages = [
  'vite',
  'webpack',
  'webpack-cli',
  'esbuild',
  'rollup',
  '@rollup/plugin-node-resolve',
  '@rollup/plugin-commonjs',
];

async function writeWarnings(packages: readonly PublishedPackage[], directory: string): Promise<void> {
  const program = `
    console.warn = (line: string) => line.startsWith('@variants') && console.log(line);
    ${packages.map(({name}) => `await import('${name}');`).join('\n')}
    export {};`;
  await writeFile(join(directory, `${warningsName}.ts`), program);
}

async function install(packages: readonly PublishedPackage[], directory: string): Promise<void> {
  const dependencies: Record<string, string> = {};
  for (const [name, tarball] of await packVersions(packages, directory)) dependencies[name] = `file:${tarball}`;
  for (const name of [...bundlerPackages, '@tensorflow/tfjs', 'typescript'])
    dependencies[name] = await versionInWorkspace(name);
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
