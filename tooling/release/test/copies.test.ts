import {describe, expect, it} from 'vitest';
import {copiesAcrossPackages, type SourceFile} from '../src/copies';

const body = `
export function greatest(values: number[]): number {
  let greatest = 0;
  for (const value of values) if (value > greatest) greatest = value;
  return greatest;
}`;

const renamed = `import {thing} from 'elsewhere';

/** Comments are others. */
export function largest(list: number[]): number {
  let most = 0; // so far
  for (const each of list) if (each > most) most = each;
  return most;
}`;

const file = (packageName: string, path: string, text: string): SourceFile => ({package: packageName, path, text});

describe('copiesAcrossPackages', () => {
  it('finds code under other names, with where it stands', () => {
    const copies = copiesAcrossPackages([file('a', 'a.ts', body), file('b', 'b.ts', renamed)], 20);
    expect(copies).toEqual([
      {first: {path: 'a.ts', line: 2, lastLine: 6}, second: {path: 'b.ts', line: 4, lastLine: 8}},
    ]);
  });

  it('finds code in the midst of other code, once', () => {
    const [first, second] = [
      `const a = 1;${body}\nconst b = 2;`,
      `f();\nf();${renamed.replace(/^import.*\n/, '\n')}\ng();`,
    ];
    const copies = copiesAcrossPackages([file('a', 'a.ts', first), file('b', 'b.ts', second)], 30);
    expect(copies.map(({second: {line, lastLine}}) => [line, lastLine])).toEqual([[5, 9]]);
  });

  it.each([
    ['in one package', [file('a', 'a.ts', body), file('a', 'b.ts', renamed)], 20],
    ['that is shorter', [file('a', 'a.ts', body), file('b', 'b.ts', renamed)], 60],
    ['with other values', [file('a', 'a.ts', body), file('b', 'b.ts', body.replace('= 0', '= 1'))], 40],
    [
      'of imports alone',
      [file('a', 'a.ts', `import {a, b} from 'c';`), file('b', 'b.ts', `import {a, b} from 'c';`)],
      5,
    ],
    ['in empty files', [file('a', 'a.ts', ''), file('b', 'b.ts', '')], 1],
  ])('leaves alone what stands again %s', (_, files, leastTokens) => {
    expect(copiesAcrossPackages(files, leastTokens)).toEqual([]);
  });
});
