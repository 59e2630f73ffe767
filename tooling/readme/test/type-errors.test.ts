import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {typeErrors} from '../src/type-errors';

it('finds what a strict compiler finds, with its line', () => {
  const directory = mkdtempSync(join(import.meta.dirname, '.readme-'));
  const [right, wrong] = ['right.ts', 'wrong.ts'].map((name) => join(directory, name));
  writeFileSync(right, 'export const a: number = await Promise.resolve(1);\n');
  writeFileSync(wrong, "import {a} from './right';\n\nexport const b: string = a;\nexport const f = (c) => c;\n");
  try {
    expect(typeErrors([right, wrong])).toEqual([
      {file: wrong, line: 3, message: "Type 'number' is not assignable to type 'string'."},
      {file: wrong, line: 4, message: "Parameter 'c' implicitly has an 'any' type."},
    ]);
  } finally {
    rmSync(directory, {recursive: true});
  }
});
