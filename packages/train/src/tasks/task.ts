import {ConfigError, Random, requireArgument, requireGiven} from '@variants/core';
import {requireSeed, requireWhole} from '../checks';
import {defaultsOf, type Fields, type Must, resolveFields, type TaskConfig} from './fields';

/** The target of a position that is not scored: the loss leaves it out. */
export const ignoreIndex = -100;

/** One example: token ids, all lists of the same length [time]. */
export interface TaskExample {
  inputs: number[];
  /** What the logits at each position must predict, already shifted; {@link ignoreIndex} where nothing is scored. */
  targets: number[];
  /** The next token at every position, where the task's source trains on all of them. */
  trainTargets?: number[];
}

/** Which stream of examples: different splits are drawn from different random numbers. */
export type Split = 'train' | 'validation' | 'test';

/** A setting of a task, with the budget it is meant for. */
export interface TaskSize<C = TaskConfig> {
  /** What differs from the defaults. */
  config: Partial<C>;
  batchSize: number;
  /** Training steps. */
  steps: number;
  /** Size of the training set; without it every step sees new examples. */
  numExamples?: number;
  /** Settings to test at besides `config` itself: fields that replace those of `config`. */
  tests?: readonly Partial<C>[];
}

/** Which example to make. */
export interface ExampleOptions<C = TaskConfig> {
  /** A whole number from 0 to 2^53 - 1. */
  seed: number;
  split: Split;
  /** Number of the example in its split, from 0. */
  index: number;
  /** What differs from the defaults. Default: nothing. */
  config?: Partial<C>;
}

/** How a task is written down: {@link defineTask} makes a {@link Task} of it. */
export interface TaskDefinition<C> {
  /** Name of the task, and of its random streams: "mqar". */
  readonly name: string;
  readonly title: string;
  /** Where the task comes from, and what is different here. */
  readonly source: string;
  /** A language model predicts each target from the inputs up to its position, an encoder from all of them. */
  readonly kind: 'language-model' | 'encoder';
  readonly fields: Fields<C>;
  /** `quick` is for tests and demos, `bench` (from easy to hard) for reports. */
  readonly sizes: {readonly quick: TaskSize<C>; readonly bench: readonly TaskSize<C>[]};
  /** Checks what no field can check alone. */
  check?(config: C, must: Must<C>): void;
  /** Number of different token ids. */
  vocabSize(config: C): number;
  /** Accuracy of guessing evenly among the possible answers. */
  chance(config: C): number;
  /**
   * Draws one example.
   * @param config every field, checked
   * @param seed of the whole data set, for what all its examples share (the facts of `memorization`)
   */
  generate(random: Random, config: C, seed: number): TaskExample;
}

/** A synthetic task: makes examples as a pure function of seed, split, index and configuration. */
export interface Task<C = TaskConfig> extends TaskDefinition<C> {
  /** The fields that have a default. */
  readonly defaults: Readonly<Partial<C>>;
  /**
   * Every field of a configuration, filled up from the defaults.
   * @throws ConfigError that names the field, its value and what is allowed
   */
  resolve(config?: Partial<C>): C;
  /** One example; the same for the same arguments, whatever was made before. */
  example(options: ExampleOptions<C>): TaskExample;
}

/** Completes the definition of a task. */
export function defineTask<C>(definition: TaskDefinition<C>): Task<C> {
  const {name, fields} = definition;

  function resolve(config: Partial<C> = {}): C {
    const resolved = resolveFields(name, fields, config);
    definition.check?.(resolved, (field, holds, allowed) => {
      if (!holds) throw new ConfigError(`${name}: ${field} is ${String(resolved[field])}; allowed: ${allowed}`);
    });
    return resolved;
  }

  return {
    ...definition,
    defaults: defaultsOf(fields),
    resolve,
    example(options) {
      requireGiven(name, options, ['seed', 'split', 'index', 'config']);
      const {seed, split, index, config} = options;
      requireSeed(name, seed);
      requireSplit(name, split);
      requireWhole(name, 'index', index, 0, Number.MAX_SAFE_INTEGER);
      return definition.generate(exampleRandom(name, seed, split, index), resolve(config), seed);
    },
  };
}

/** The generator of one example. */
export function exampleRandom(taskName: string, seed: number, split: Split, index: number): Random {
  return new Random(seed, `${taskName}/${split}`, index);
}

const splits: readonly Split[] = ['train', 'validation', 'test'];

/** Throws a ConfigError unless a value names a stream of examples. */
export function requireSplit(owner: string, split: Split): void {
  requireArgument(owner, 'split', split, splits.includes(split), `one of ${splits.join(', ')}`);
}

/** Throws a ConfigError unless a value is a task. */
export function requireTask(owner: string, task: unknown): void {
  const isTask = typeof (task as Partial<Task> | null | undefined)?.generate === 'function';
  requireArgument(owner, 'the task', task, isTask, 'one of tasks, such as tasks.mqar, or taskNamed(name)');
}
