import {spawnSync} from 'node:child_process';
import {expect, it} from 'vitest';
import {workspace} from './made-workspace';

/** Runs the program, with words that make it write nothing. */
const run = (...words: string[]) =>
  spawnSync(process.execPath, ['--import', 'tsx', 'tooling/new/src/main.ts', ...words], {
    cwd: workspace,
    encoding: 'utf8',
  });

it('prints its help', () => {
  const {status, stdout, stderr} = run('--help');
  expect({status, stderr}).toEqual({status: 0, stderr: ''});
  expect(stdout).toMatch(/^Usage: pnpm new <name>/);
});

it.each([
  [['--', 'retnet'], /^the name "retnet" is taken: there is packages\/retnet$/],
  [[], /^0 names are given, but it must be one; see pnpm new --help$/],
  [['mamba', '--titel', 'M'], /--titel/],
])('refuses %j in one line', (words, message) => {
  const {status, stdout, stderr} = run(...words);
  expect({status, stdout}).toEqual({status: 2, stdout: ''});
  expect(stderr).toMatch(/^[^\n]+\n$/);
  expect(stderr.trimEnd()).toMatch(message);
});
