import {describe, expect, it} from 'vitest';
import {examplesOf, isExpected} from '../src/examples';

describe('examplesOf', () => {
  it('finds the blocks of TypeScript with their lines, and those that run', () => {
    const page = [
      '# Page',
      '```sh',
      'npm i',
      '```',
      '```ts',
      'const a = 1;',
      '```',
      '```ts browser',
      'alert(1);',
      '```',
    ].join('\n');
    expect(examplesOf(page)).toEqual([
      {line: 6, code: 'const a = 1;\n', runs: true},
      {line: 9, code: 'alert(1);\n', runs: false},
    ]);
  });

  it('takes a block of text right behind one as what it prints', () => {
    const page = [
      '```ts',
      'a();',
      '```',
      '',
      '```text',
      '1',
      '```',
      '```ts',
      'b();',
      '```',
      '```text exact',
      '2',
      '```',
    ];
    expect(examplesOf(page.join('\n')).map(({output}) => output)).toEqual([
      {text: '1\n', exact: false},
      {text: '2\n', exact: true},
    ]);
  });

  it('takes no other block of text as such', () => {
    const page = ['```ts', 'a();', '```', 'A file:', '```text', '1', '```'];
    expect(examplesOf(page.join('\n'))).toEqual([{line: 2, code: 'a();\n', runs: true}]);
  });
});

describe('isExpected', () => {
  it('lets numbers and white space differ, and nothing else', () => {
    const output = {text: 'loss 2.5 at 1,024\n', exact: false};
    expect(isExpected('loss -0.25e-3\n at 16', output)).toBe(true);
    expect(isExpected('loss NaN at 16', output)).toBe(false);
    expect(isExpected('loss 2.5', output)).toBe(false);
  });

  it('compares characters where the page asks for it', () => {
    expect(isExpected('[ 1, 2 ]\n', {text: '[ 1, 2 ]\n', exact: true})).toBe(true);
    expect(isExpected('[ 1, 3 ]\n', {text: '[ 1, 2 ]\n', exact: true})).toBe(false);
  });
});
