import {join} from 'node:path';
import {beforeAll, describe, it} from 'vitest';
import {pack, temporaryDirectory} from '../src/pack';
import {publishedPackages} from '../src/packages';
import {run} from '../src/run';

const tools = join(import.meta.dirname, '../node_modules/.bin');

describe.each(publishedPackages)('the tarball of $name', (published) => {
  let tarball: string;

  beforeAll(async () => {
    tarball = await pack(published, await temporaryDirectory('tarball'));
  });

  it('has nothing that publint warns of', async () => {
    await run(join(tools, 'publint'), ['run', tarball, '--strict'], published.directory);
  });

  it('has types that resolve for ES modules (attw)', async () => {
    await run(join(tools, 'attw'), [tarball, '--profile', 'esm-only', '--format', 'ascii'], published.directory);
  });
});
