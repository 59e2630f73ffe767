import {execFile} from 'node:child_process';
import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {promisify} from 'node:util';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';

const workspace = mkdtempSync(join(tmpdir(), 'variants-tsup-'));
const directory = join(workspace, 'packages/a');
const [tooling, tsup] = ['../src/index', '../node_modules/.bin/tsup'].map((path) => join(import.meta.dirname, path));

const write = (path: string, content: string) => {
  mkdirSync(dirname(join(workspace, path)), {recursive: true});
  writeFileSync(join(workspace, path), content);
};

const manifest = {
  name: 'a',
  type: 'module',
  sideEffects: ['./dist/*.js'],
  exports: {'.': './src/index.ts'},
  publishConfig: {exports: {'.': {types: './dist/index.d.ts', default: './dist/index.js'}}},
  peerDependencies: {'the-peer': '^1.0.0'},
  devDependencies: {'the-peer': '^1.0.0'},
};

beforeAll(async () => {
  write('tsconfig.base.json', '{}');
  write('packages/a/package.json', JSON.stringify(manifest));
  write('packages/a/src/registers.ts', "console.log('registered');");
  write('packages/a/src/later.ts', "export const later = 'loaded later';");
  write('packages/a/node_modules/novel/package.json', JSON.stringify({name: 'novel', license: 'CC0-1.0'}));
  write('packages/a/node_modules/novel/data/data.js', "module.exports = [require('./1.json'), require('./2.json')];");
  for (const part of [1, 2]) write(`packages/a/node_modules/novel/data/${part}.json`, JSON.stringify(`part ${part}`));
  write(
    'packages/a/src/index.ts',
    `import {peer} from 'the-peer';
     import './registers';
     export {peer};
     export const load = () => import('./later');
     export const read = () => import('novel/data/data.js');`,
  );
  write('packages/a/tsup.config.ts', `export {default} from ${JSON.stringify(tooling)};`);
  await promisify(execFile)(tsup, ['--no-dts'], {cwd: directory});
});

afterAll(() => rmSync(workspace, {recursive: true}));

describe('the build of a package', () => {
  const built = (name: RegExp) => {
    const files = readdirSync(join(directory, 'dist')).filter((file) => name.test(file) && file.endsWith('.js'));
    return files.map((file) => readFileSync(join(directory, 'dist', file), 'utf8')).join('\n');
  };

  it('keeps a source that is imported for its effect', () => expect(built(/^index/)).toContain('registered'));

  it('leaves a peer to its user', () => expect(built(/^index/)).toMatch(/from ["']the-peer["']/));

  it('puts what is loaded later into a file of its own', () => {
    expect(built(/^index/)).not.toContain('loaded later');
    expect(built(/^later-/)).toContain('loaded later');
  });

  it('takes data in as a module of its own, without CommonJS and without a second copy in the source map', () => {
    expect(built(/^index/)).not.toContain('part 1');
    const data = built(/^data-/);
    expect(data).toMatch(/From novel, CC0-1\.0/);
    expect(data).toMatch(/"part 1", "part 2"/);
    expect(data).not.toContain('require');
    const maps = readdirSync(join(directory, 'dist')).filter((file) => /^data-.*\.map$/.test(file));
    for (const map of maps) expect(readFileSync(join(directory, 'dist', map), 'utf8')).not.toContain('part 1');
  });
});
