import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {missingFiles} from '../src/named-files';
import {publishedPackages, workspaceDirectory} from '../src/packages';
import {repositoryFields} from '../src/repository';

const manifestOf = (directory: string) => JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
const workspace = manifestOf(workspaceDirectory);

describe.each(publishedPackages)('$name', ({directory}) => {
  const manifest = manifestOf(directory);

  it('can be found: it has keywords, each once', () => {
    expect(manifest.keywords.length).toBeGreaterThan(5);
    expect(manifest.keywords).toEqual([...new Set(manifest.keywords)]);
    expect(manifest.keywords).toContain('tensorflow.js');
  });

  it("runs on the workspace's Node", () => expect(manifest.engines).toEqual(workspace.engines));

  it('says where its source is as the workspace does (pnpm repository:update after a change)', () => {
    const {repository, homepage, bugs} = manifest;
    expect({repository, homepage, bugs}).toEqual(repositoryFields(workspace.repository, directory));
  });

  it('names no file in its README that is not installed with it', () => {
    expect(missingFiles(readFileSync(join(directory, 'README.md'), 'utf8'), directory, manifest.files)).toEqual([]);
  });
});

describe('where the source is', () => {
  it('follows from one address', () => {
    expect(repositoryFields('https://github.com/owner/name', '/w/packages/core')).toEqual({
      repository: {type: 'git', url: 'git+https://github.com/owner/name.git', directory: 'packages/core'},
      homepage: 'https://github.com/owner/name/tree/main/packages/core#readme',
      bugs: 'https://github.com/owner/name/issues',
    });
  });

  it('is left open where none is given', () => expect(repositoryFields('', '/w/packages/core')).toEqual({}));

  it.each(['owner/name', 'git@github.com:owner/name.git', 'https://github.com/owner/name.git', 'https://github.com/'])(
    'is no %s',
    (repository) => expect(() => repositoryFields(repository, '/w/packages/core')).toThrow(/must be the address/),
  );
});

describe('files that a README names', () => {
  const directory = join(workspaceDirectory, 'packages/core');
  const missing = (readme: string) => missingFiles(readme, directory, ['dist']);

  it.each([
    ['a link', '[guide](docs/none.md#part)', ['docs/none.md']],
    ['a link to the workspace', '[guide](../../docs/architecture.md)', ['../../docs/architecture.md']],
    ['a path in code', 'see `src/index.ts`', ['src/index.ts']],
    ['a path in text', 'see test/files/ for more', ['test/files/']],
    ['a path of the workspace', '`npx tsx apps/bench/src/main.ts`', ['apps/bench/src/main.ts']],
    ['a file of the workspace', 'as CONTRIBUTING.md says', ['CONTRIBUTING.md']],
    ['a pattern', '`src/*.ts`', ['src/*.ts']],
  ])('are found missing: %s', (_, readme, paths) => expect(missing(readme)).toEqual(paths));

  it.each([
    '[paper](https://arxiv.org/abs/2307.08621)',
    '`@variants/core/simd`',
    'dist/index.js and package.json',
    'a/b',
    '`config.json`',
  ])('are none in %s', (readme) => expect(missing(readme)).toEqual([]));
});

const builtOnCore = publishedPackages.filter(({name}) => name !== '@variants/core');

describe.each(builtOnCore)('$name', ({name, directory}) => {
  const {
    dependencies = {},
    peerDependencies,
    devDependencies,
  } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));

  it('leaves it to its user which core there is', () => {
    expect(peerDependencies['@variants/core']).toBe('workspace:^');
    expect(devDependencies['@variants/core']).toBe('workspace:*');
  });

  it('brings no other package of ours along', () => {
    expect(Object.keys(dependencies).filter((dependency) => dependency.startsWith('@variants/'))).toEqual([]);
  });

  it('says in its README to install core', () => {
    const [line = ''] = readFileSync(join(directory, 'README.md'), 'utf8').match(/^npm i .*/m) ?? [];
    expect(line.split(' ')).toEqual(expect.arrayContaining([name, '@variants/core', '@tensorflow/tfjs']));
  });
});
