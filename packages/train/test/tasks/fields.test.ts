import {ConfigError} from '@variants/core';
import {describe, expect, test} from 'vitest';
import type {TaskConfig} from '../../src/tasks/fields';
import type {Task} from '../../src/tasks/task';
import {type TaskName, taskNamed, tasks} from '../../src/tasks/tasks';

function errorOf(name: string, config: Record<string, unknown>): string {
  try {
    taskNamed(name).resolve(config as TaskConfig);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    const {message} = error as ConfigError;
    expect(message).not.toMatch(/[\n\r]/);
    return message;
  }
  return 'no error';
}

describe('impossible configurations', () => {
  const wrong: [TaskName, Record<string, unknown>, string][] = [
    ['mqar', {sequenceLength: 63}, 'mqar: sequenceLength is 63; allowed: an even number'],
    ['mqar', {numPairs: 20}, 'mqar: sequenceLength is 64; allowed: from 80, the length of the pairs and the queries'],
    ['mqar', {vocabSize: 64}, 'mqar: vocabSize is 64; allowed: more than sequenceLength, 64'],
    ['mqar', {vocabSize: 9, sequenceLength: 8, numPairs: 4}, 'mqar: sequenceLength is 8; allowed: from 16'],
    [
      'mqar',
      {vocabSize: 17, sequenceLength: 16, numPairs: 4, numUpdates: 5},
      'mqar: sequenceLength is 16; allowed: from 26',
    ],
    ['mqar', {numUpdates: 5}, 'mqar: numUpdates is 5; allowed: at most numPairs, 4'],
    ['mqar', {vocabSize: 2 ** 20, sequenceLength: 2 ** 18}, 'mqar: sequenceLength is 262144; allowed: at most 131072'],
    ['mqar', {powerA: 1.5}, 'mqar: powerA is 1.5; allowed: a number from 0 to 1'],
    ['mqar', {randomFiller: 1}, 'mqar: randomFiller is 1; allowed: true or false'],
    ['mqar', {numPairs: '4'}, 'mqar: numPairs is "4"; allowed: a whole number from 1'],
    ['mqar', {sequenceLenght: 64}, 'mqar: there is no field sequenceLenght; the fields are vocabSize, sequenceLength,'],
    ['mqar', {toString: 1}, 'mqar: there is no field toString'],
    ['mqar', {numPairs: '4\n5'}, 'mqar: numPairs is "4\\n5"; allowed: a whole number from 1'],
    ['mqar', {'num\nPairs': 4}, 'mqar: there is no field num Pairs; the fields are'],
    ['associative-recall', {vocabSize: 3}, 'vocabSize is 3; allowed: a whole number from 4'],
    ['induction-heads', {numReserved: 16}, 'numReserved is 16; allowed: fewer than vocabSize, 16'],
    ['in-context-recall', {sequenceLength: 5}, 'sequenceLength is 5; allowed: an even number'],
    ['noisy-recall', {noiseVocabSize: 31}, 'noiseVocabSize is 31; allowed: at most 30'],
    ['in-context-recall', {noiseFraction: 0.5}, 'noiseVocabSize is 0; allowed: from 1, with a noiseFraction above 0'],
    ['fuzzy-recall', {maxKeyLength: 8}, 'maxKeyLength is 8; allowed: at most 7'],
    ['fuzzy-recall', {maxValueLength: 9}, 'maxValueLength is 9; allowed: at most 8'],
    ['fuzzy-recall', {sequenceLength: 17}, 'sequenceLength is 17; allowed: from 18'],
    ['memorization', {sequenceLength: 3}, 'sequenceLength is 3; allowed: an even number'],
    ['needle', {sequenceLength: 12}, 'sequenceLength is 12; allowed: from 13'],
    ['needle', {depth: 2}, 'depth is 2; allowed: a number from 0 to 1, or null for random'],
    ['passkey', {sequenceLength: 82}, 'sequenceLength is 82; allowed: from 83'],
    ['copying', {}, 'copying: lag has no default; give a whole number from 0'],
    ['selective-copying', {lag: -1}, 'selective-copying: lag is -1; allowed: a whole number from 0'],
    ['selective-copying-mad', {sequenceLength: 32}, 'sequenceLength is 32; allowed: from 33'],
    ['string-copy', {maxLength: 3}, 'maxLength is 3; allowed: from minLength, 4'],
    ['compression', {vocabSize: Number.NaN}, 'vocabSize is NaN; allowed: a whole number from 2'],
    ['sorting', {numTokens: 0}, 'numTokens is 0; allowed: a whole number from 1'],
    ['parity', {cumulative: null}, 'cumulative is null; allowed: true or false'],
    ['permutation-product', {groupDegree: 9}, 'groupDegree is 9; allowed: a whole number from 1 to 8'],
    ['listops', {minLength: 129}, 'minLength is 129; allowed: at most sequenceLength, 128'],
    ['listops', {maxDepth: 2, minLength: 8}, 'minLength is 8; allowed: at most 7, the longest expression'],
    ['listops', {maxArguments: 100, maxDepth: 10}, 'maxArguments is 100; allowed: fewer, or a smaller maxDepth'],
  ];

  test.each(wrong)('%s %j', (name, config, message) => {
    expect(errorOf(name, config)).toContain(message);
  });

  test('no expression has two tokens', () => {
    const config = {minLength: 2, sequenceLength: 3};
    expect(() => tasks.listops.example({seed: 1, split: 'train', index: 0, config})).toThrow(
      /minLength is 2; allowed: less/,
    );
  });

  test('an unknown task', () => {
    expect(() => taskNamed('mqr')).toThrow('there is no task mqr; the tasks are mqar, associative-recall,');
    expect(() => taskNamed('constructor')).toThrow(ConfigError);
  });

  test('an index or seed that is none', () => {
    const options = {seed: 1, split: 'train', index: 0} as const;
    expect(() => tasks.parity.example({...options, index: -1})).toThrow(
      'parity: index is -1; allowed: a whole number from 0',
    );
    expect(() => tasks.parity.example({...options, seed: 0.5})).toThrow(
      'parity: seed is 0.5; allowed: a whole number from 0',
    );
  });
});

describe('defaults', () => {
  test('fill up what is not given, undefined included', () => {
    const resolved = tasks.parity.resolve({sequenceLength: undefined, cumulative: false});
    expect(resolved).toEqual({sequenceLength: 40, cumulative: false});
  });

  test.each(Object.entries(tasks))('%s: enough by themselves, but for what has none', (name, task) => {
    const needed = Object.keys(task.fields).filter((field) => !Object.hasOwn(task.defaults, field));
    expect(needed).toEqual(name.endsWith('copying') ? ['lag'] : []);
    const example = (task as Task).example({seed: 1, split: 'test', index: 0, config: needed.length ? {lag: 0} : {}});
    expect(example.inputs.length).toBeGreaterThan(0);
  });
});
