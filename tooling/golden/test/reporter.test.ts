import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {expect, it, vi} from 'vitest';
import {startVitest} from 'vitest/node';
import GoldenReporter from '../src/reporter';
import {floats, temporaryFolder, writeCase} from './made-up';

/** Runs the fixtures over the cases of a folder and returns what the reporter prints, and the exit code. */
async function report(goldenDirectory: string, ...files: string[]): Promise<{lines: string[]; exitCode: unknown}> {
  const lines: string[] = [];
  const exitCodeBefore = process.exitCode;
  vi.stubEnv('GOLDEN_DIR', goldenDirectory);
  const vitest = await startVitest('test', [], {
    root: join(import.meta.dirname, 'fixture'),
    config: false,
    watch: false,
    include: files,
    setupFiles: [join(import.meta.dirname, '../../vitest/src/setup.ts')],
    reporters: [new GoldenReporter({print: (line) => lines.push(line)})],
  });
  await vitest.close();
  vi.unstubAllEnvs();
  const {exitCode} = process;
  process.exitCode = exitCodeBefore;
  return {lines, exitCode};
}

it('prints a line per wrong tensor and last how many cases passed and failed', async () => {
  const folder = temporaryFolder();
  const expected = {'input.x': floats([1]), 'output.y': floats([2])};
  const wrong = {'input.x': floats([1]), 'output.y': floats([3]), 'output.z': floats([3])};
  writeCase(folder, 'golden/good', {expected});
  writeCase(folder, 'golden/good_too', {expected});
  writeCase(folder, 'golden/leaking', {expected, description: {kind: 'leaking'}});
  writeCase(folder, 'golden/unknown', {expected, description: {kind: 'other'}});
  writeCase(folder, 'golden/wrong', {expected: wrong});

  const {lines, exitCode} = await report(folder, '*.fixture.ts');
  expect(
    lines
      .slice(0, -1)
      .flatMap((line) => line.split('\n'))
      .sort(),
  ).toEqual([
    'golden/unknown: the kind "other" is unknown; known are double, leaking',
    'golden/wrong: output.y: largest relative error 3.3e-1, tolerance 0.00001',
    'golden/wrong: output.z: is stored, but the kind "double" does not compute it',
    // Once on each engine.
    'leaking: "leaking" leaked 2 tensors',
    'unloadable.fixture.ts: cannot be imported',
  ]);
  expect(lines.at(-1)).toBe('2 passed, 4 failed');
  expect(exitCode).toBe(1);
});

it('passes a package without a folder', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'another'));
  const {lines, exitCode} = await report(folder, 'golden.fixture.ts');
  expect(lines).toEqual(['0 passed, 0 failed']);
  expect(exitCode).not.toBe(1);
});
