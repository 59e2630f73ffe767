import {existsSync, readdirSync, statSync} from 'node:fs';
import {basename, dirname, join, normalize} from 'node:path';
import {workspaceDirectory} from './packages';

/** What npm packs beside what `files` names. */
const always = ['package.json', 'README.md', 'LICENSE'];

/**
 * The files and folders that a package's README names and that whoever installs the package does not have: the targets of
 * links that are relative, and the paths in the text that are there in the package or in the workspace.
 *
 * @param packed What the tarball holds: the manifest's `files`.
 */
export function missingFiles(readme: string, directory: string, packed: readonly string[]): string[] {
  const prose = readme.replace(/^```(?:ts|js).*?^```$/gms, '').replace(/https?:\/\/[^\s)>]+/g, '');
  const links = [...prose.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, target]) => target);
  const words = [...prose.matchAll(/[\w.@*-]+(?:\/[\w.@*-]+)+\/?|[\w-]+\.(?:md|ts|js|json|html|py)\b/g)].map(
    ([path]) => path,
  );
  const isThere = (path: string) => exists(directory, path) || exists(workspaceDirectory, path);
  const named = [...links, ...words.filter((path) => !path.startsWith('@') && isThere(path))];
  const isPacked = (path: string) =>
    [...always, ...packed].some((each) => path === each || path.startsWith(`${each}/`));
  return [...new Set(named.map(normalize))].filter((path) => !isPacked(path));
}

/** Whether a path is there, whose last part may have stars. */
function exists(root: string, path: string): boolean {
  if (!path.includes('*')) return existsSync(join(root, path));
  const folder = join(root, dirname(path));
  if (folder.includes('*') || !existsSync(folder) || !statSync(folder).isDirectory()) return false;
  const pattern = new RegExp(`^${basename(path).replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
  return readdirSync(folder).some((name) => pattern.test(name));
}
