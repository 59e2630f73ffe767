import {requireOptions} from '@variants/core';
import {requireSeed, requireWhole} from '../checks';
import {type BatchSource, batchSource, type TokenBatch} from '../data/batch-source';
import type {TaskConfig} from './fields';
import {exampleRandom, requireSplit, requireTask, type Split, type Task} from './task';

/** Options of {@link taskBatches}. */
export interface TaskBatchesOptions<C = TaskConfig> {
  /** What differs from the task's defaults. Default: nothing. */
  config?: Partial<C>;
  /** Default 'train'. */
  split?: Split;
  /**
   * How many different examples there are; Infinity, the default, makes a new one each time. A finite training set is gone
   * through again and again, in the same order; other finite splits end.
   */
  numExamples?: number;
  /**
   * Seed of the examples whatever seed a batch is asked for with: so that a test set stays the same over training runs, and
   * `memorization` is tested on the facts that were trained. Default: the seed of the batch.
   */
  seed?: number;
  /** Whether targets are the scored positions alone (true, the default), or every next token where the task's source trains so. */
  onlyScored?: boolean;
}

/**
 * The examples of a task as batches, int32 [batch, time].
 * @throws ConfigError for a configuration that the task cannot have
 */
export function taskBatches<C>(task: Task<C>, options: TaskBatchesOptions<C> = {}): BatchSource<TokenBatch> {
  requireTask('taskBatches', task);
  requireOptions('taskBatches', options, ['config', 'split', 'numExamples', 'seed', 'onlyScored']);
  const {split = 'train', numExamples = Infinity, onlyScored = true} = options;
  if (numExamples !== Infinity) requireWhole(task.name, 'numExamples', numExamples, 1);
  requireSplit(task.name, split);
  if (options.seed !== undefined) requireSeed(task.name, options.seed);
  const config = task.resolve(options.config);

  function example(index: number, seed: number) {
    const {inputs, targets, trainTargets} = task.generate(exampleRandom(task.name, seed, split, index), config, seed);
    return {inputs, targets: onlyScored ? targets : (trainTargets ?? targets)};
  }

  return batchSource({
    name: task.name,
    kinds: task.kind === 'encoder' ? ['masked-language-model', 'language-model'] : ['language-model'],
    vocabSize: task.vocabSize(config),
    tokensPerExample: example(0, options.seed ?? 0).inputs.length,
    numExamples: split === 'train' ? Infinity : numExamples,
    fingerprint() {
      const all = {...config, split, numExamples, seed: options.seed ?? 'of the batches', onlyScored};
      return [task.name, ...Object.entries(all).map(([name, value]) => `${name} ${value}`)].join(', ');
    },
    writeExample(index, batchSeed, [inputs], targets) {
      const made = example(index % numExamples, options.seed ?? batchSeed);
      inputs.set(made.inputs);
      targets.set(made.targets);
    },
  });
}
