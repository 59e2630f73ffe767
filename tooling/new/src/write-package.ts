import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {architecturesPath, changeset, withContestant, withDependency, withRow} from './registration';
import {type PackageNames, renamed, templateFiles} from './template';

/**
 * Writes a package with an architecture's rooms, and registers it: in the comparison, in the workspace's README, in the
 * changelog to come.
 * @param workspace The folder of the workspace.
 * @returns The paths of what was written, from there.
 */
export function writePackage(workspace: string, names: PackageNames): string[] {
  const {name} = names;
  const edited = (path: string, edit: (text: string, names: PackageNames) => string): [string, string] => [
    path,
    edit(readFileSync(join(workspace, path), 'utf8'), names),
  ];
  // All of it is there before anything is written.
  const files: [path: string, text: string][] = [
    ...[...templateFiles()].map(([path, text]): [string, string] => [
      join('packages', name, renamed(path, names)),
      renamed(text, names),
    ]),
    edited(architecturesPath, withContestant),
    edited('apps/bench/package.json', withDependency),
    edited('README.md', withRow),
    [`.changeset/${name}.md`, changeset(names)],
  ];
  for (const [path, text] of files) {
    mkdirSync(dirname(join(workspace, path)), {recursive: true});
    writeFileSync(join(workspace, path), text);
  }
  return files.map(([path]) => path);
}
