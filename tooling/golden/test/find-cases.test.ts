import {mkdirSync, writeFileSync} from 'node:fs';
import {basename, dirname, join, relative} from 'node:path';
import {describe, expect, it} from 'vitest';
import {findCases} from '../src/find-cases';
import {temporaryFolder} from './made-up';

function folderWith(...paths: string[]): string {
  const folder = temporaryFolder();
  for (const path of paths) mkdirSync(join(folder, path), {recursive: true});
  return folder;
}

describe('findCases', () => {
  it('lists the folders of test/golden in order, and nothing else', () => {
    const workspace = folderWith('packages/retnet/test/golden/b', 'packages/retnet/test/golden/a');
    const golden = join(workspace, 'packages/retnet/test/golden');
    mkdirSync(join(golden, '.cache'));
    writeFileSync(join(golden, 'notes.txt'), '');
    expect(findCases(join(workspace, 'packages/retnet'), {})).toEqual([join(golden, 'a'), join(golden, 'b')]);
  });

  it('lists those of the package’s folder in GOLDEN_DIR instead', () => {
    const workspace = folderWith('packages/retnet/test/golden/own', 'cases/retnet/other', 'cases/rwkv/third');
    const environment = {GOLDEN_DIR: join(workspace, 'cases')};
    expect(findCases(join(workspace, 'packages/retnet'), environment)).toEqual([join(workspace, 'cases/retnet/other')]);
  });

  it('finds nothing where the package has no folder', () => {
    const workspace = folderWith('packages/retnet', 'cases/rwkv/third');
    expect(findCases(join(workspace, 'packages/retnet'), {})).toEqual([]);
    expect(findCases(join(workspace, 'packages/retnet'), {GOLDEN_DIR: join(workspace, 'cases')})).toEqual([]);
    expect(findCases(join(workspace, 'packages/retnet'), {GOLDEN_DIR: ''})).toEqual([]);
  });

  it('takes a relative GOLDEN_DIR from where pnpm was called, else from the working directory', () => {
    const cases = folderWith('retnet/a');
    const expected = [join(cases, 'retnet/a')];
    const called = {GOLDEN_DIR: basename(cases), INIT_CWD: dirname(cases)};
    expect(findCases('/packages/retnet', called)).toEqual(expected);
    const fromHere = relative(process.cwd(), cases);
    expect(findCases('/packages/retnet', {GOLDEN_DIR: fromHere})).toEqual(expected);
    expect(findCases('/packages/retnet', {GOLDEN_DIR: fromHere, INIT_CWD: cases})).toEqual(expected);
  });

  it('says so when GOLDEN_DIR does not exist', () => {
    expect(() => findCases('/packages/retnet', {GOLDEN_DIR: '/no/such/folder'})).toThrow(
      'GOLDEN_DIR is /no/such/folder, but there is no folder /no/such/folder',
    );
  });
});
