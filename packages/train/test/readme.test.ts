import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {byteTokenizer} from '@variants/core';
import {afterEach, expect, test, vi} from 'vitest';
import {eachBatch, readText, scoreTask, type TaskScore, taskBatches, tasks, textWindows} from '../src/index';

const console = {log: vi.fn()};
afterEach(() => console.log.mockClear());

test('text', async () => {
  const {training, validation} = textWindows(await readText('moby-dick'), {
    sequenceLength: 256,
    tokenizer: byteTokenizer,
  });
  const {inputs, targets} = training.batch(0, 16, 1); // step 0, 16 windows, seed 1: int32 [16, 256], targets one token ahead
  console.log(byteTokenizer.decode(Array.from(inputs.dataSync().subarray(0, 256))));
  console.log(validation.numExamples, 'windows of text that training never sees');

  expect(console.log.mock.calls[0][0]).toMatch(/the|and|of/);
  expect(console.log.mock.calls[1][0]).toBeGreaterThan(300);
  expect([inputs.shape, targets.shape]).toEqual([
    [16, 256],
    [16, 256],
  ]);
  tf.dispose([inputs, targets]);
});

test('synthetic tasks', () => {
  const {config, batchSize} = tasks.mqar.sizes.quick;
  const test = taskBatches(tasks.mqar, {config, split: 'test', numExamples: 256});
  const predictions: number[][] = [];
  const targets: number[][] = [];
  for (const batch of eachBatch(test, {batchSize, seed: 1})) {
    predictions.push(...batch.inputs.arraySync()); // here goes the most likely token at every position
    targets.push(...batch.targets.arraySync()); // -100 where nothing is scored
  }
  console.log(scoreTask(predictions, targets)); // accuracy, exact, macroAccuracy and their 95 % intervals

  const [score] = console.log.mock.calls[0] as [TaskScore];
  expect(score).toMatchObject({accuracy: 0, numExamples: 256, numScored: 1024});
});

test('the examples above are those of the README', () => {
  const linesOf = (file: string) => readFileSync(join(import.meta.dirname, file), 'utf8').replace(/^ +/gm, '');
  const blocks = Array.from(linesOf('../README.md').matchAll(/```ts\n(.*?)```/gs), ([, code]) => code);
  expect(blocks).toHaveLength(2);
  for (const block of blocks) expect(linesOf('readme.test.ts')).toContain(block.replace(/^import .*\n+/gm, ''));
});

test('the table lists every task', () => {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
  const rows = readme.split('\n').filter((line) => line.startsWith('| `'));
  const listed = rows.flatMap((row) => row.split('|')[1].match(/[\w-]+/g));
  expect(listed.sort()).toEqual(Object.keys(tasks).sort());
});
