import {cp, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {runSuiteInNode} from '@variants-tooling/tfjs-suite';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {exampleName, hasExample} from '../src/examples';
import {importNames, publishedPackages} from '../src/packages';
import {run} from '../src/run';
import {importName, scratchProject, warningsName} from '../src/scratch-project';
import {bundle, compile, runAsBrowser, runInNode} from '../src/toolchain';
import {coreVersion, setVersion} from '../src/versions';

let project: string;

beforeAll(async () => {
  project = await scratchProject(publishedPackages);
  console.log(`Packed ${publishedPackages.map(({name}) => name).join(', ')}; installed in ${project}`);
});

afterAll(async () => {
  await rm(project, {recursive: true, force: true});
});

// These come first: the tests below run what is compiled here.
describe('all packages', () => {
  it('type-check under strict and moduleResolution bundler', () => compile(project, 'bundler'));
  it('type-check under strict and moduleResolution nodenext', () => compile(project, 'nodenext'));
});

describe.each(publishedPackages.flatMap(importNames))('%s', (name) => {
  const compiled = `compiled-nodenext/${importName(name)}.js`;

  it('is imported by Node', async () => {
    const exported = await runInNode(project, compiled);
    expect(exported.trim()).not.toBe('');
    console.log(`${name} exports ${exported}`);
  });

  it('exports the same when Vite has bundled it', async () => {
    expect(await runAsBrowser(project, await bundle(project, importName(name)))).toBe(
      await runInNode(project, compiled),
    );
  });
});

describe.each(publishedPackages.filter(hasExample))('the example of $name', ({name}) => {
  it('runs in Node', async () => {
    console.log(await runInNode(project, `compiled-nodenext/${exampleName(name)}.js`));
  });

  it('runs when Vite has bundled it', async () => {
    console.log(await runAsBrowser(project, await bundle(project, exampleName(name))));
  });
});

it("@variants/core/simd passes tfjs-core's own test suite", async () => {
  const {passed, failures} = await runSuiteInNode({
    backend: 'simd',
    engineModule: '@variants/core/simd',
    directory: project,
  });
  expect(failures).toEqual([]);
  expect(passed).toBeGreaterThan(4200);
});

describe('packages of different versions', () => {
  /** The folders of core in the project. */
  const copies = async () =>
    (await run('npm', ['ls', '@variants/core', '--all', '--parseable'], project))
      .split('\n')
      .filter((path) => path.endsWith('core'));

  it('share one core, and have nothing to warn of', async () => {
    expect(await copies()).toEqual([join(project, 'node_modules/@variants/core')]);
    expect(await runInNode(project, `compiled-nodenext/${warningsName}.js`)).toBe('');
  });

  describe('one of which has a core of its own', () => {
    const [own, version] = ['node_modules/@variants/retnet/node_modules/@variants/core', '1.98.0'];
    const example = `compiled-nodenext/${exampleName('@variants/retnet')}.js`;
    const line = new RegExp(`^@variants/core: two copies are loaded, ${coreVersion} and ${version}, .*\n$`);

    let printed: string;

    beforeAll(async () => {
      printed = await runInNode(project, example);
      await cp(join(project, 'node_modules/@variants/core'), join(project, own), {recursive: true});
      await setVersion(join(project, own), version);
    });

    afterAll(() => rm(join(project, own), {recursive: true}));

    it('say so in one line', async () => {
      expect(await runInNode(project, `compiled-nodenext/${warningsName}.js`)).toMatch(line);
    });

    it('compute what they did without', async () => {
      expect(await runInNode(project, example)).toBe(printed);
    });

    it('say so in one line when Vite has bundled them', async () => {
      expect(await runAsBrowser(project, await bundle(project, warningsName))).toMatch(line);
    });
  });
});
