import {requireGiven} from '@variants/core';
import {requireWhole} from '../checks';
import type {TaskConfig} from './fields';
import {requireTask, type Split, type Task} from './task';

/** Options of {@link overlapRate}. */
export interface OverlapOptions<C = TaskConfig> {
  config?: Partial<C>;
  seed: number;
  /** Training examples, from index 0. */
  numTrain: number;
  /** Test examples, from index 0. */
  numTest: number;
}

/**
 * The share of test examples that equal a training example. Their random numbers are different, so with a small vocabulary
 * this happens by chance only; report it beside a result, the examples are left as they are.
 */
export function overlapRate<C>(task: Task<C>, options: OverlapOptions<C>): number {
  requireTask('overlapRate', task);
  requireGiven('overlapRate', options, ['config', 'seed', 'numTrain', 'numTest']);
  const {config, seed, numTrain, numTest} = options;
  for (const [field, count] of Object.entries({numTrain, numTest})) requireWhole('overlapRate', field, count, 1);
  const inputs = (split: Split, count: number) =>
    Array.from({length: count}, (_, index) => task.example({seed, split, index, config}).inputs.join());
  const trained = new Set(inputs('train', numTrain));
  return inputs('test', numTest).filter((example) => trained.has(example)).length / numTest;
}
