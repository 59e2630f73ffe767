import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import {launchBrowser, noBrowser, type PageReport, runFolder} from '@variants-tooling/browser';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {bundleForNode, bundlers, textOf, writePrograms} from '../src/bundling/bundlers';
import {temporaryDirectory} from '../src/pack';
import {publishedPackages} from '../src/packages';
import {scratchProject} from '../src/scratch-project';
import {runInNode} from '../src/toolchain';

/** The novel's first words, which nothing else holds. */
const novel = 'Call me Ishmael. Some years ago';

/** What bundlers say of things that are not ours. */
const ours = /@variants|node:|moby-dick/;

/** What a page without isolation and its worker say, each once; nothing else is said in any page. */
const oneThread = 'warning: simd: runs with one thread, as this page is not cross-origin isolated';

/** What each program gives, wherever it runs. */
interface Work {
  engine: string;
  loss: number;
  text: string;
}

let project: string;
let expected: Work & {length: number};
let browser: Awaited<ReturnType<typeof launchBrowser>>;

beforeAll(async () => {
  project = await scratchProject(publishedPackages);
  await writePrograms(project, 'page');
  expected = JSON.parse(await runInNode(project, 'page/node.js'));
  browser = await launchBrowser();
  if (browser === undefined) console.warn(noBrowser);
});

afterAll(async () => {
  await browser?.close();
  await rm(project, {recursive: true, force: true});
});

it('the programs work without a bundler', () => {
  expect(expected.engine).toBe('simd');
  expect(expected.loss).toBeLessThan(5);
  expect(expected.length).toBeGreaterThan(1_200_000);
});

describe.each(Object.entries(bundlers))('%s', (name, bundler) => {
  const page = `bundle-${name}`;
  const reading = `bundle-${name}-text`;

  /** The bundle's page in the browser; where there is none, the test is left out. */
  const open = (folder: string, kind: 'plain' | 'isolated', skip: (note: string) => never): Promise<PageReport> =>
    browser ? runFolder(browser, join(project, folder), kind) : skip(noBrowser);

  it('builds a page and a worker, and says nothing of ours', async () => {
    const entries = ['main', 'worker'] as const;
    expect(await bundler({project, programs: 'page', bundle: page, entries})).not.toMatch(ours);
  });

  it.for(['plain', 'isolated'] as const)(
    'made what trains and writes in both, in a page that is %s',
    async (kind, {skip}) => {
      const {result, complaints} = await open(page, kind, skip);
      const said = expect.stringContaining(oneThread);
      expect(complaints).toEqual(kind === 'plain' ? [said, said] : []);
      const {here, inWorker} = result as {here: Work; inWorker: Work};
      for (const {engine, loss, text} of [here, inWorker]) {
        expect({engine, text}).toEqual({engine: 'simd', text: expected.text});
        expect(loss).toBeCloseTo(expected.loss, 3);
      }
    },
  );

  it('left the novel out, as nobody asks for it', async () => {
    expect(await textOf(join(project, page))).not.toContain(novel);
  });

  it('brings the novel to a page that asks for it', async ({skip}) => {
    expect(await bundler({project, programs: 'page', bundle: reading, entries: ['text']})).not.toMatch(ours);
    expect(await textOf(join(project, reading))).toContain(novel);
    expect(await open(reading, 'plain', skip)).toEqual({result: {length: expected.length}, complaints: []});
  });
});

describe.each(['cjs', 'esm'] as const)('esbuild for Node, %s', (format) => {
  it('makes one file that works where no package is installed', async () => {
    const elsewhere = await temporaryDirectory('bundled');
    const file = join(elsewhere, `program.${format === 'esm' ? 'mjs' : 'cjs'}`);
    expect(await bundleForNode(project, 'page/node.js', format, file)).not.toMatch(ours);
    expect(JSON.parse(await runInNode(elsewhere, file))).toEqual(expected);
    await rm(elsewhere, {recursive: true});
  });
});
