import * as tf from '@tensorflow/tfjs';
import {ConfigError} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {type BatchSource, eachBatch, type TokenBatch} from '../../src/data/batch-source';
import {taskBatches} from '../../src/tasks/task-batches';
import {tasks} from '../../src/tasks/tasks';

function rows(source: BatchSource<TokenBatch>, step: number, batchSize: number, seed: number) {
  const batch = source.batch(step, batchSize, seed);
  const read = {inputs: batch.inputs.arraySync(), targets: batch.targets.arraySync()};
  tf.dispose([batch.inputs, batch.targets]);
  return read;
}

const config = {vocabSize: 8, numPairs: 3};

describe('taskBatches', () => {
  test('row i of step s is example s B + i', () => {
    const source = taskBatches(tasks['associative-recall'], {config, split: 'test'});
    fc.assert(
      fc.property(fc.nat(50), fc.integer({min: 1, max: 5}), fc.nat(), (step, batchSize, seed) => {
        const examples = Array.from({length: batchSize}, (_, i) =>
          tasks['associative-recall'].example({seed, split: 'test', index: step * batchSize + i, config}),
        );
        expect(rows(source, step, batchSize, seed)).toEqual({
          inputs: examples.map(({inputs}) => inputs),
          targets: examples.map(({targets}) => targets),
        });
      }),
      {numRuns: 20},
    );
  });

  test('are int32, with the sizes that the source tells', () => {
    const source = taskBatches(tasks['associative-recall'], {config});
    const {inputs, targets} = source.batch(0, 2, 0);
    expect([inputs.dtype, targets.dtype]).toEqual(['int32', 'int32']);
    expect([inputs.shape, targets.shape]).toEqual([
      [2, source.tokensPerExample],
      [2, source.tokensPerExample],
    ]);
    expect(source).toMatchObject({vocabSize: 8, tokensPerExample: 8, numExamples: Infinity});
    tf.dispose([inputs, targets]);
  });

  test('train on every next token if wanted', () => {
    const source = taskBatches(tasks['associative-recall'], {config, onlyScored: false});
    const {trainTargets} = tasks['associative-recall'].example({seed: 4, split: 'train', index: 0, config});
    expect(rows(source, 0, 1, 4).targets).toEqual([trainTargets]);
  });

  test('train on the scored tokens where the task has no others', () => {
    const source = taskBatches(tasks.parity, {onlyScored: false});
    expect(rows(source, 0, 1, 4).targets).toEqual([tasks.parity.example({seed: 4, split: 'train', index: 0}).targets]);
  });

  test('a seed of their own holds whatever the seed of the batch', () => {
    const source = taskBatches(tasks.memorization, {seed: 9});
    expect(rows(source, 0, 2, 1)).toEqual(rows(source, 0, 2, 2));
    expect(rows(source, 0, 2, 1)).toEqual(rows(taskBatches(tasks.memorization), 0, 2, 9));
  });

  test('a finite training set comes round again', () => {
    const source = taskBatches(tasks.parity, {numExamples: 3});
    const [first, second] = [rows(source, 0, 2, 0).inputs, rows(source, 1, 2, 0).inputs];
    expect(second[1]).toEqual(first[0]);
    expect(rows(source, 3, 2, 0).inputs).toEqual(first);
    expect(second[0]).not.toEqual(first[0]);
  });

  test('a finite test set ends, the last batch being smaller', () => {
    const source = taskBatches(tasks.parity, {split: 'test', numExamples: 5});
    expect([...eachBatch(source, {batchSize: 2})].map(({inputs}) => inputs.shape[0])).toEqual([2, 2, 1]);
    expect(() => source.batch(3, 2, 0)).toThrow('parity: step is 3; allowed: up to 2, 5 examples in batches of 2');
  });

  test('have a fingerprint of all that their examples depend on', () => {
    const task = tasks['associative-recall'];
    expect(taskBatches(task, {config}).fingerprint?.()).toBe(
      'associative-recall, vocabSize 8, numPairs 3, split train, numExamples Infinity, seed of the batches, onlyScored true',
    );
    const others = [
      taskBatches(task, {config: {...config, numPairs: 2}}),
      taskBatches(task, {config, split: 'test'}),
      taskBatches(task, {config, numExamples: 9}),
      taskBatches(task, {config, seed: 0}),
      taskBatches(task, {config, onlyScored: false}),
      taskBatches(tasks.parity),
    ];
    const all = [taskBatches(task, {config}), ...others].map((source) => source.fingerprint?.());
    expect(new Set(all).size).toBe(7);
    expect(taskBatches(task, {config}).fingerprint?.()).toBe(all[0]);
  });

  test('refuse what they cannot make', () => {
    expect(() => taskBatches(tasks.copying)).toThrow(ConfigError);
    expect(() => taskBatches(tasks.parity, {numExamples: 0})).toThrow(
      'parity: numExamples is 0; allowed: a whole number from 1',
    );
    expect(() => taskBatches(tasks.parity, {seed: -1})).toThrow('parity: seed is -1');
    expect(() => taskBatches(tasks.parity).batch(0, 0, 0)).toThrow(
      'parity: batchSize is 0; allowed: a whole number from 1',
    );
    expect(() => taskBatches(tasks.parity).batch(-1, 1, 0)).toThrow('parity: step is -1');
    expect(() => taskBatches(tasks.parity).batch(0, 1, Number.NaN)).toThrow('parity: seed is NaN');
  });
});

describe('eachBatch', () => {
  const source = taskBatches(tasks.parity);

  test('goes on from any step', () => {
    const inputsOf = (firstStep: number, steps: number) =>
      Array.from(eachBatch(source, {batchSize: 2, seed: 5, firstStep, steps}), ({inputs}) => inputs.shape[0]);
    expect(inputsOf(3, 2)).toEqual([2, 2]);
    for (const {inputs} of eachBatch(source, {batchSize: 2, seed: 5, firstStep: 3, steps: 1}))
      expect(inputs.arraySync()).toEqual(rows(source, 3, 2, 5).inputs);
  });

  test('disposes of every batch, also when the loop is left or fails', () => {
    const before = tf.memory().numTensors;
    for (const _ of eachBatch(source, {batchSize: 2})) break;
    expect(() => {
      for (const _ of eachBatch(source, {batchSize: 2})) throw new Error('stop');
    }).toThrow('stop');
    expect(tf.memory().numTensors).toBe(before);
  });
});
