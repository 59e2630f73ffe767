import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {byteTokenizer} from '@variants/core';
import {describe, expect, test} from 'vitest';
import {powerLawWeights} from '../src/tasks/mqar';
import type {Split, TaskExample} from '../src/tasks/task';
import {taskNamed, tasks} from '../src/tasks/tasks';

interface Sample extends TaskExample {
  config: Record<string, number | boolean>;
  seed: number;
  split: Split;
  index: number;
  text?: string;
}

const ownFolder = join(import.meta.dirname, 'golden');
const folder = join(process.env.GOLDEN_DIR ?? ownFolder, 'tasks');
const read = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'));
const files = (existsSync(folder) ? readdirSync(folder) : []).filter(
  (file) => file.endsWith('.json') && file !== 'random.json',
);

// In the samples these two tasks have one set of defaults, that of the task without noise.
const sampleDefaults: Record<string, object> = {'noisy-recall': tasks['in-context-recall'].defaults};

describe.each(files)('%s', (file) => {
  const {task: name, ignoreIndex, samples}: {task: string; ignoreIndex: number; samples: Sample[]} = read(file);

  test('has samples of ours', () => {
    expect(ignoreIndex).toBe(-100);
    expect(samples.length).toBeGreaterThan(0);
  });

  test.each(
    samples.map((sample) => [JSON.stringify(sample.config), sample.seed, sample.split, sample.index, sample] as const),
  )('%s seed %i %s %i', (_, seed, split, index, {config, inputs, targets, trainTargets, text}) => {
    const example = taskNamed(name).example({seed, split, index, config: {...sampleDefaults[name], ...config}});
    expect(example).toEqual(trainTargets ? {inputs, targets, trainTargets} : {inputs, targets});
    if (text !== undefined) {
      const bytes = [example.inputs[0], ...(example.trainTargets ?? [])];
      expect(byteTokenizer.decode(bytes)).toBe(text);
    }
  });
});

test('every task has samples in the repository', () => {
  const names = readdirSync(join(ownFolder, 'tasks')).map((file) => file.replace('.json', ''));
  expect(names).toEqual(expect.arrayContaining(Object.keys(tasks)));
});

test('power-law weights are the integers of the other implementation', () => {
  const random = JSON.parse(readFileSync(join(ownFolder, 'tasks', 'random.json'), 'utf8'));
  const {slots, a, weights} = random.powerLawWeights;
  expect(powerLawWeights(slots, a)).toEqual(weights);
});
