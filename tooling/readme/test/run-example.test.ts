import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {runExample} from '../src/run-example';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(import.meta.dirname, '.readme-'));
});
afterEach(() => rmSync(directory, {recursive: true}));

function example(code: string): string {
  const file = join(directory, 'example.ts');
  writeFileSync(file, code);
  return file;
}

it('returns what is printed in either way, as Node prints it', async () => {
  const code = "console.log('a', [1, 2]);\nprocess.stdout.write('b');\nexport {};\n";
  expect(await runExample(example(code))).toBe('a [ 1, 2 ]\nb');
});

it('frees tensors and variables', async () => {
  const before = tf.memory().numTensors;
  const code = "import * as tf from '@tensorflow/tfjs';\ntf.zeros([2]);\ntf.variable(tf.ones([2]));\n";
  await runExample(example(code));
  expect(tf.memory().numTensors).toBe(before);
});

it('fails where the example throws', async () => {
  await expect(runExample(example("throw new Error('no');\nexport {};\n"))).rejects.toThrow('no');
});
