import {execFile} from 'node:child_process';
import {readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, join, relative} from 'node:path';
import {promisify} from 'node:util';
import {typeErrors} from '@variants-tooling/readme';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {writePackage} from '../src/write-package';
import {madeWorkspace, registeredIn, workspace} from './made-workspace';

const names = {name: 'a1-net', title: 'A1 (long title of a net)'};

let folder: string;
let paths: string[];
beforeAll(() => {
  folder = madeWorkspace();
  paths = writePackage(folder, names);
});
afterAll(() => rmSync(folder, {recursive: true}));

const read = (path: string) => readFileSync(join(folder, path), 'utf8');
const ofPackage = () => paths.filter((path) => path.startsWith('packages/'));

describe('writePackage', () => {
  it('writes the package, registers it and says what it wrote', () => {
    const written = readdirSync(folder, {recursive: true, withFileTypes: true}).filter((entry) => entry.isFile());
    const inFolder = written.map(({parentPath, name}) => join(parentPath, name));
    expect(inFolder.sort()).toEqual(paths.map((path) => join(folder, path)).sort());
    for (const path of registeredIn) expect(read(path)).toContain('@variants/a1-net');
    expect(read('.changeset/a1-net.md')).toContain("'@variants/a1-net': minor");
    expect(ofPackage()).toContain('packages/a1-net/src/a1-net-mixer-layer.ts');
  });

  it('leaves no placeholder', () => {
    for (const path of paths) expect(path + read(path), path).not.toMatch(/template-?name/i);
    expect(read('packages/a1-net/src/index.ts')).toContain('export {fromPretrained, A1Net, a1Net}');
  });
});

describe('the package that was written', () => {
  it('type-checks', () => {
    const sources = ofPackage().filter((path) => /\/(src|test)\/.*\.ts$/.test(path));
    expect(typeErrors(sources.map((path) => join(folder, path)))).toEqual([]);
  }, 240_000);

  it('passes its tests', async () => {
    // The workspace's own configuration, which finds the package's folder as it finds those of the workspace.
    const projects = join(workspace, 'tooling/vitest/src/projects.ts');
    writeFileSync(
      join(folder, 'vitest.config.ts'),
      `import {workspaceTests} from '${projects}';\nexport default {test: workspaceTests(import.meta.dirname)};\n`,
    );
    const failures = await failuresOf(folder);
    expect(failures).toEqual([]);
  }, 240_000);
});

/** Runs all tests of a folder in a process of its own: a line for each that fails. */
async function failuresOf(folder: string): Promise<string[]> {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const words = [vitest, 'run', '--root', folder, '--reporter', 'json', '--outputFile', 'results.json'];
  await promisify(execFile)(process.execPath, words, {cwd: folder, timeout: 220_000}).catch(() => {});
  const {testResults} = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8')) as Results;
  const files = testResults.map(({name}) => relative(folder, name));
  expect(files).toContain(`packages/${names.name}/test/${names.name}.golden.test.ts`);
  return testResults.flatMap(({name, status, message, assertionResults}) => {
    const failed = assertionResults.filter((result) => result.status !== 'passed');
    const lines = failed.map(({fullName, failureMessages}) => `${fullName}: ${failureMessages.join(' ')}`);
    return status === 'passed' || lines.length > 0 ? lines : [`${name}: ${message}`];
  });
}

/** What vitest's reporter `json` writes. */
interface Results {
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: {status: string; fullName: string; failureMessages: string[]}[];
  }[];
}
