import {camelCase, type PackageNames} from './template';

/** Where the architectures of the comparison stand. */
export const architecturesPath = 'apps/bench/src/architectures.ts';

/** That file with the package's import and its line, the last. */
export function withContestant(source: string, {name}: PackageNames): string {
  const variable = camelCase(name);
  const specifier = `@variants/${name}`;
  const imports = [...source.matchAll(/^import [^;]* from '([^']*)';\n/gm)];
  const next = imports.find(([, from]) => from > specifier || from.startsWith('.'));
  const lastImport = imports[imports.length - 1];
  const place = next?.index ?? lastImport.index + lastImport[0].length;
  const imported = `${source.slice(0, place)}import * as ${variable} from '${specifier}';\n${source.slice(place)}`;
  return insertBefore(imported, /^\];$/m, `  contestant(${variable}.card, ${variable}.${variable}),\n`);
}

/** A package.json with the package among its dependencies, which stay in order. */
export function withDependency(manifest: string, {name}: PackageNames): string {
  const fields = JSON.parse(manifest);
  const entries = Object.entries({...fields.dependencies, [`@variants/${name}`]: 'workspace:*'});
  const dependencies = Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  return `${JSON.stringify({...fields, dependencies}, null, 2)}\n`;
}

/** The workspace's README with the package's row behind those of the other architectures, before the baseline's. */
export function withRow(readme: string, {name, title}: PackageNames): string {
  const baseline = /^\| (\[@variants\/transformer\]\S* *) \| (.*?) \|$/m;
  const widths =
    readme
      .match(baseline)
      ?.slice(1)
      .map((cell) => cell.length) ?? [];
  const cells = [`[@variants/${name}](packages/${name})`, `${title}: gated running means`];
  return insertBefore(readme, baseline, `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |\n`);
}

/** What the changelog will say. */
export function changeset({name, title}: PackageNames): string {
  return `---\n'@variants/${name}': minor\n---\n\n${title}: gated running means as functions, layers and a streaming language model.\n`;
}

function insertBefore(text: string, mark: RegExp, added: string): string {
  const place = text.search(mark);
  if (place === -1) throw new Error(`there is no ${mark} to insert ${added.trim()} before`);
  return text.slice(0, place) + added + text.slice(place);
}
