import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {TaskConfig} from '../../src/tasks/fields';
import {ignoreIndex, type Task} from '../../src/tasks/task';
import {type TaskName, tasks} from '../../src/tasks/tasks';
import {configs, starts} from './arbitraries';

const names = Object.keys(tasks) as TaskName[];

describe.each(names)('%s', (name) => {
  const task = tasks[name] as Task;
  const cases = fc.record({config: configs[name] as fc.Arbitrary<TaskConfig>, start: starts});
  const forAll = (law: (config: TaskConfig, start: {seed: number; split: 'train' | 'test'; index: number}) => void) =>
    fc.assert(
      fc.property(cases, ({config, start}) => law(config, start)),
      {numRuns: 60},
    );

  test('inputs are tokens, targets tokens or ignored, of one length', () => {
    forAll((config, start) => {
      const vocabSize = task.vocabSize(task.resolve(config));
      const isToken = (token: number) => Number.isInteger(token) && token >= 0 && token < vocabSize;
      const {inputs, targets, trainTargets = []} = task.example({...start, config});
      expect(targets).toHaveLength(inputs.length);
      expect(inputs.every(isToken)).toBe(true);
      expect(targets.every((token) => token === ignoreIndex || isToken(token))).toBe(true);
      expect(targets.some(isToken)).toBe(true);
      expect(trainTargets.every(isToken)).toBe(true);
    });
  });

  test('training targets are the next tokens, the scored ones among them', () => {
    forAll((config, start) => {
      const {inputs, targets, trainTargets} = task.example({...start, config});
      if (!trainTargets) return;
      expect(trainTargets.slice(0, -1)).toEqual(inputs.slice(1));
      expect(trainTargets).toHaveLength(inputs.length);
      targets.forEach((target, t) => {
        if (target !== ignoreIndex) expect(trainTargets[t]).toBe(target);
      });
    });
  });

  test('an example is a function of its options', () => {
    forAll((config, start) => {
      expect(task.example({...start, config})).toEqual(task.example({...start, config}));
    });
  });

  test('seed, split and index matter', () => {
    const config = task.sizes.quick.config;
    const base = {seed: 1, split: 'train', index: 0, config} as const;
    const examples = [base, {...base, seed: 2}, {...base, split: 'test'} as const, {...base, index: 1}];
    const inputs = examples.map((options) => task.example(options).inputs.join());
    expect(new Set(inputs).size).toBe(inputs.length);
  });

  test('every size can be made, tests included, all examples of a size equally long', () => {
    const {quick, bench} = task.sizes;
    for (const {config, tests = []} of [quick, ...bench])
      for (const changed of [{}, ...tests]) {
        const all = {...config, ...changed};
        const lengths = [0, 1, 2].map(
          (index) => task.example({seed: 1, split: 'test', index, config: all}).inputs.length,
        );
        expect(new Set(lengths).size).toBe(1);
      }
  });

  test('chance is a probability', () => {
    forAll((config) => {
      const chance = task.chance(task.resolve(config));
      expect(chance).toBeGreaterThan(0);
      expect(chance).toBeLessThanOrEqual(1);
    });
  });

  test('says where it comes from', () => {
    expect(task.name).toBe(name);
    expect(task.title).not.toBe('');
    expect(task.source).not.toBe('');
  });
});

test('only compression is for an encoder', () => {
  expect(names.filter((name) => tasks[name].kind === 'encoder')).toEqual(['compression']);
});
