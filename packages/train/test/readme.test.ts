import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {byteTokenizer} from '@variants/core';
import {afterEach, expect, test, vi} from 'vitest';
import {
  AdamW,
  eachBatch,
  evaluate as evaluateWhole,
  randomWindows,
  readText,
  scoreTask,
  sequencePairs,
  type TaskScore,
  taskBatches,
  tasks,
  textWindows,
  train as trainWhole,
  utterances,
} from '../src/index';
import {TinyModel} from './tiny-model';

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

test('training', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'variants-readme-'));
  const start = vi.fn();
  const retnet = (_: object) => new TinyModel({vocabSize: 256});
  const train: typeof trainWhole = (model, source, options) =>
    trainWhole(model, source, {
      ...options,
      steps: 2,
      batchSize: 2,
      validationTokens: 1,
      saveTo: join(directory, 'run1'),
    });
  const evaluate: typeof evaluateWhole = (model, source, options) =>
    evaluateWhole(model, source, {...options, maxTokens: 300});
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);

  await start();
  const model = retnet({vocabSize: 256, hiddenSize: 128, numLayers: 4, numHeads: 4});
  const {training, validation} = textWindows(await readText('moby-dick'), {sequenceLength: 256});
  const options = {steps: 2000, batchSize: 16, learningRate: 3e-3, validation, saveTo: 'run1'};
  for await (const step of train(model, training, options).withProgress()) // a live line in a terminal
    if (step.validation) console.log(step.number, step.loss, step.validation.bitsPerByte);
  const {bitsPerByte} = await evaluate(model, validation, {convention: 'stream'});
  console.log(bitsPerByte, 'bits per byte, the state carried through all held-out text');

  expect(console.log.mock.calls[1]).toEqual([2, expect.any(Number), expect.any(Number)]);
  expect(console.log.mock.calls[2][0]).toBeGreaterThan(4);
  for await (const {number} of trainWhole(model, training, {
    ...options,
    batchSize: 2,
    steps: 3,
    resumeFrom: join(directory, 'run1'),
    saveTo: undefined,
    validation: undefined,
  }))
    expect(number).toBe(3);
  rmSync(directory, {recursive: true});
  vi.restoreAllMocks();
  model.dispose();
});

test('AdamW in fit', async () => {
  const model = new TinyModel({vocabSize: 256});
  const training = randomWindows(
    Uint8Array.from({length: 40}, (_, i) => i),
    {sequenceLength: 8, vocabSize: 256},
  );

  model.compile({optimizer: new AdamW({learningRate: 1e-3, weightDecay: 0.1}), metrics: ['acc']});
  const {inputs, targets} = training.batch(0, 8, 0);
  await model.fit(inputs, targets, {epochs: 2, verbose: 0});

  expect((model.history as tf.History).history.acc).toHaveLength(2);
  tf.dispose([inputs, targets]);
  model.optimizer.dispose();
  model.dispose();
});

test('other kinds of models', () => {
  const turned = ['abc', 'de', 'f'].map((word) => ({
    source: Array.from(word, (letter) => letter.charCodeAt(0) - 94), // a is 3
    target: Array.from(word, (letter) => letter.charCodeAt(0) - 94).reverse(),
  }));
  const pairs = sequencePairs(turned, {beginToken: 1, endToken: 2, padToken: 0});
  for (const {inputs, targets} of eachBatch(pairs, {batchSize: 1, firstStep: 1, steps: 1})) {
    const [source, begun] = inputs;
    console.log(source.arraySync(), begun.arraySync(), targets.arraySync()); // of 'de', all filled up to the longest
  }

  expect(console.log.mock.calls[0]).toEqual([[[6, 7, 0]], [[1, 7, 6, 0]], [[7, 6, 2, -100]]]);
});

test('utterances', () => {
  const heard = [
    {features: Float32Array.of(0.1, 0.2, 0.3, 0.4), labels: [2]}, // two frames of two features
    {features: Float32Array.of(0.5, 0.6), labels: []},
  ];
  const louder = utterances(heard, {inputSize: 2, augment: (x, _, random) => x.add(random.uniform())});
  for (const {inputs, targets} of eachBatch(louder, {batchSize: 2})) {
    const [features, lengths] = inputs;
    console.log(features.shape, lengths.shape, targets.shape); // [2, 2, 2] [2] [2, 1]: filled up to the longest
  }

  expect(console.log.mock.calls).toEqual([[[2, 2, 2], [2], [2, 1]]]);
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
  expect(blocks).toHaveLength(6);
  for (const block of blocks) expect(linesOf('readme.test.ts')).toContain(block.replace(/^import .*\n+/gm, ''));
});

test('the table lists every task', () => {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
  const rows = readme
    .slice(readme.indexOf('## Synthetic tasks'))
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  const listed = rows.flatMap((row) => row.split('|')[1].match(/[\w-]+/g));
  expect(listed.sort()).toEqual(Object.keys(tasks).sort());
});
