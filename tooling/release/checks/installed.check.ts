import {rm} from 'node:fs/promises';
import {runSuiteInNode} from '@variants-tooling/tfjs-suite';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {examplePath, importNames, publishedPackages} from '../src/packages';
import {exampleName, importName, scratchProject} from '../src/scratch-project';
import {bundle, compile, runAsBrowser, runInNode} from '../src/toolchain';

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

describe.each(publishedPackages.filter(examplePath))('the example of $name', ({name}) => {
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
