import {cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {format} from '../src/format';
import {workspace} from './made-workspace';

it('formats and sorts as the workspace does', () => {
  const folder = mkdtempSync(join(tmpdir(), 'variants-new-'));
  for (const name of ['biome.json', '.gitignore']) cpSync(join(workspace, name), join(folder, name));
  writeFileSync(join(folder, 'a.ts'), 'export {fromPretrained, A1Net, a1Net} from "./model"\n');
  writeFileSync(join(folder, 'other.ts'), 'export  {}\n');
  format(folder, ['a.ts']);
  expect(readFileSync(join(folder, 'a.ts'), 'utf8')).toBe("export {A1Net, a1Net, fromPretrained} from './model';\n");
  expect(readFileSync(join(folder, 'other.ts'), 'utf8')).toBe('export  {}\n');
  rmSync(folder, {recursive: true});
});
