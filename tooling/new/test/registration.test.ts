import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {changeset, withContestant, withDependency, withRow} from '../src/registration';
import {registeredIn, workspace} from './made-workspace';

const [architectures, manifest, readme] = registeredIn.map((path) => readFileSync(join(workspace, path), 'utf8'));

const mamba = {name: 'mamba', title: 'Mamba'};
/** Names that come first and last among the others. */
const others = [
  {name: 'aaa-net', title: 'AAA (Net)'},
  {name: 'zz', title: 'ZZ'},
];

/** The lines of `after` that `before` has not, in order; `before` must have no other. */
function addedLines(before: string, after: string): string[] {
  const rest = before.split('\n');
  const added = after.split('\n').filter((line) => {
    if (line !== rest[0]) return true;
    rest.shift();
    return false;
  });
  expect(rest).toEqual([]);
  return added;
}

/** A text as Biome would have it. */
function formatted(path: string, text: string): string {
  const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');
  const words = [biome, 'check', '--write', `--stdin-file-path=${path}`];
  return execFileSync(process.execPath, words, {cwd: workspace, input: text, encoding: 'utf8'});
}

describe('withContestant', () => {
  it('adds an import and a line', () => {
    expect(addedLines(architectures, withContestant(architectures, mamba))).toEqual([
      "import * as mamba from '@variants/mamba';",
      '  contestant(mamba.card, mamba.mamba),',
    ]);
  });

  it('keeps imports in order', () => {
    for (const names of [mamba, ...others]) {
      const source = withContestant(architectures, names);
      expect(formatted('architectures.ts', source)).toBe(source);
    }
  });
});

describe('withDependency', () => {
  it('adds a line', () => {
    expect(addedLines(manifest, withDependency(manifest, mamba))).toEqual(['    "@variants/mamba": "workspace:*",']);
  });

  it('keeps dependencies in order', () => {
    for (const names of [mamba, ...others]) {
      const {dependencies} = JSON.parse(withDependency(manifest, names));
      expect(Object.keys(dependencies)).toEqual(Object.keys(dependencies).sort());
    }
  });
});

describe('withRow', () => {
  it('adds a row before the baseline, as wide as its neighbours', () => {
    const [row, ...rest] = addedLines(readme, withRow(readme, mamba));
    expect(rest).toEqual([]);
    expect(row).toMatch(/^\| \[@variants\/mamba\]\(packages\/mamba\) +\| Mamba: gated running means +\|$/);
    const lines = withRow(readme, mamba).split('\n');
    const next = lines[lines.indexOf(row) + 1];
    expect(next).toMatch(/^\| \[@variants\/transformer\]/);
    expect(row).toHaveLength(next.length);
  });

  it('says so where there is no such table', () => {
    expect(() => withRow('# Nothing\n', mamba)).toThrow(/to insert .*mamba/);
  });
});

describe('changeset', () => {
  it('releases the package', () => {
    expect(changeset(mamba)).toMatch(/^---\n'@variants\/mamba': minor\n---\n\nMamba: [^\n]*\.\n$/);
  });
});
