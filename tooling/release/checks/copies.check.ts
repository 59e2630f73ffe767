import {readdirSync, readFileSync} from 'node:fs';
import {join, relative} from 'node:path';
import {expect, it} from 'vitest';
import {copiesAcrossPackages, type SourceFile} from '../src/copies';
import {publishedPackages, workspaceDirectory} from '../src/packages';

/** About a dozen lines. Less is a way of writing. */
const leastTokens = 110;

/** What every new package begins as. */
const template = {name: 'the template', directory: join(workspaceDirectory, 'tooling/new/template')};

function sourcesOf({name, directory}: {name: string; directory: string}): SourceFile[] {
  return ['src', 'test'].flatMap((room) =>
    readdirSync(join(directory, room), {recursive: true, encoding: 'utf8'})
      // An index lists what a package exports, and packages export alike.
      .filter((file) => file.endsWith('.ts') && !(room === 'src' && file === 'index.ts'))
      .map((file) => join(directory, room, file))
      .map((path) => ({package: name, path: relative(workspaceDirectory, path), text: readFileSync(path, 'utf8')})),
  );
}

it('no code of a package stands again in another: what two of them share lives in core, or in tooling', () => {
  const copies = copiesAcrossPackages([...publishedPackages, template].flatMap(sourcesOf), leastTokens);
  const lines = copies.map(({first, second}) =>
    [first, second].map(({path, line, lastLine}) => `${path}:${line}-${lastLine}`).join(' = '),
  );
  expect(lines).toEqual([]);
});
