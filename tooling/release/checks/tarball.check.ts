import {readdir, readFile, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {pack, temporaryDirectory} from '../src/pack';
import {publishedPackages} from '../src/packages';
import {run} from '../src/run';

const tools = join(import.meta.dirname, '../node_modules/.bin');

describe.each(publishedPackages)('the tarball of $name', (published) => {
  let directory: string;
  let tarball: string;

  beforeAll(async () => {
    directory = await temporaryDirectory('tarball');
    tarball = await pack(published, directory);
  });

  afterAll(async () => {
    await rm(directory, {recursive: true, force: true});
  });

  it('has nothing that publint warns of', async () => {
    await run(join(tools, 'publint'), ['run', tarball, '--strict'], published.directory);
  });

  it('has types that resolve for ES modules (attw)', async () => {
    await run(join(tools, 'attw'), [tarball, '--profile', 'esm-only', '--format', 'ascii'], published.directory);
  });

  it('has source maps that do not repeat what was compiled into the sources', async () => {
    const dist = join(published.directory, 'dist');
    for (const file of (await readdir(dist)).filter((name) => name.endsWith('.map'))) {
      const {sourcesContent} = JSON.parse(await readFile(join(dist, file), 'utf8'));
      expect(
        Math.max(
          0,
          ...sourcesContent
            .join('\n')
            .split('\n')
            .map((line: string) => line.length),
        ),
      ).toBeLessThan(2000);
    }
  });
});
