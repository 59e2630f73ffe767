import {expect, it} from 'vitest';
import {examplesOf} from '../src/examples';

it('finds the blocks that run, with their lines', () => {
  const page = [
    '# Page',
    '```sh',
    'npm i',
    '```',
    '```ts',
    'const a = 1;',
    '```',
    '```ts browser',
    'alert(1)',
    '```',
  ].join('\n');
  expect(examplesOf(page)).toEqual([{line: 6, code: 'const a = 1;\n'}]);
});
