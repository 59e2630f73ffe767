import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {expect, it} from 'vitest';

const root = join(import.meta.dirname, '../../..');

// A process of its own: jasmine's globals are not vitest's.
it("passes tfjs-core's own test suite on the simd engine", async () => {
  const command = ['tsx', ['tooling/tfjs-suite/src/run.ts', 'simd']] as const;
  const {stdout} = await promisify(execFile)(join(root, 'node_modules/.bin', command[0]), command[1], {cwd: root});
  expect(stdout).toMatch(/^(\d{4,}) passed, 0 failed$/m);
  expect(Number(stdout.match(/(\d+) passed/)?.[1])).toBeGreaterThan(4000);
}, 240_000);
