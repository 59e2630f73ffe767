import {ConfigError, type Field, type Fields, fields, requireArgument, resolveFields} from '@variants/core';
import type {BatchSource} from '../data/batch-source';
import {betasField, rateField} from '../optim/fields';
import {type Schedule, type ScheduleName, schedules} from '../optim/schedules';
import type {StateTarget, TrainingStateSource} from './state-storage';

/** Options of `train`. All have defaults. */
export interface TrainOptions {
  /**
   * Steps in all, those of a resumed run included; Infinity trains until the loop is left. Default: until `seconds` are
   * over; without them `decaySteps`, or 1000.
   */
  steps?: number;
  /** Seconds of training in all, without validation and saving. Default Infinity. */
  seconds?: number;
  /** Examples in a step. Default 16. */
  batchSize?: number;
  /** In how many pieces a step's batch is computed, to use less memory; must divide batchSize. Default 1. */
  accumulate?: number;
  /** Runs each block again in the backward pass instead of keeping what it computed: less memory, more time. Default false. */
  gradientCheckpointing?: boolean;
  /** The highest learning rate. Default 1e-3. */
  learningRate?: number;
  /** The course of the learning rate, by name or as a function. Default 'cosine', or 'constant' where a run has no known end. */
  schedule?: ScheduleName | Schedule;
  /**
   * Steps in which the learning rate rises. Default: a tenth of the steps, or what is done in a tenth of the seconds where
   * that is less, from 1 to 100; 20 where a run has no known end.
   */
  warmupSteps?: number;
  /** Where the learning rate ends. Default learningRate / 10. */
  minLearningRate?: number;
  /** The step at which the learning rate has come down. Default: the last; in a run of `seconds` as their share goes by. */
  decaySteps?: number;
  /** Decay of weights with two or more axes. Default 0.1. */
  weightDecay?: number;
  /** AdamW's betas. Default [0.9, 0.95]. */
  betas?: readonly [number, number];
  /** The largest norm of all gradients together; Infinity for no limit. Default 1. */
  clipNorm?: number;
  /** What is evaluated from time to time. Default: nothing. */
  validation?: BatchSource;
  /** Steps between two validations; the last step always has one. Default: a tenth of the steps, or 100. */
  validateEvery?: number;
  /** Positions (tokens, or examples that are no tokens) that a validation looks at, spread over the source. Default 8192. */
  validationTokens?: number;
  /** Seed of the batches and of dropout, from 0 to 2^53 - 1. Default 0. */
  seed?: number;
  /** Ends the run: it saves as always and throws the signal's reason. */
  signal?: AbortSignal;
  /**
   * Where the run is saved: a directory in Node, from which it can be resumed and which `fromPretrained` loads as a model; or
   * a function that takes the bytes of its state. It saves now and then (see `saveEvery`), at the end, when the loop is left,
   * when `signal` aborts, and in Node when the process is asked to end (Ctrl-C), which then waits for it; not after an error.
   * A directory is tested before the first step. Default: nowhere.
   */
  saveTo?: StateTarget;
  /**
   * Steps between two savings on the way; Infinity for none. Default by time: every 10 seconds or, where saving takes long,
   * so seldom that it takes 5 % of the time.
   */
  saveEvery?: number;
  /** Goes on from what stands in the directory `saveTo`, as `resumeFrom` does, or begins where there is nothing yet. Default false. */
  resume?: boolean;
  /**
   * What an earlier run saved: its directory, a Blob or the bytes. The model's configuration and the data must be the same,
   * and so must `seed`, `batchSize`, `accumulate`, on which batches and dropout depend, and `betas`, with which the saved
   * moments were taken. Everything else may change: it holds from the next step on, as a learning rate does.
   */
  resumeFrom?: TrainingStateSource;
}

/** Options with their defaults; null where there is none. */
export interface TrainSettings {
  steps: number;
  seconds: number;
  batchSize: number;
  accumulate: number;
  gradientCheckpointing: boolean;
  learningRate: number;
  schedule: ScheduleName | Schedule;
  warmupSteps: number | null;
  minLearningRate: number;
  decaySteps: number | null;
  weightDecay: number;
  betas: readonly [number, number];
  clipNorm: number;
  validation: BatchSource | null;
  validateEvery: number;
  validationTokens: number;
  seed: number;
  signal: AbortSignal | null;
  saveTo: StateTarget | null;
  saveEvery: number | null;
  resume: boolean;
  resumeFrom: TrainingStateSource | null;
}

/**
 * Completes and checks options.
 * @throws ConfigError that names the option, its value and what is allowed.
 */
export function resolveTrainOptions(options: TrainOptions): TrainSettings {
  requireArgument('train', 'options', options, typeof options === 'object' && options !== null, 'an object of options');
  const {seconds = Infinity, decaySteps, learningRate} = options;
  const {steps = Number.isFinite(seconds) ? Infinity : (decaySteps ?? usualSteps)} = options;
  const hasEnd = Number.isFinite(steps) || Number.isFinite(seconds) || decaySteps !== undefined;
  const tenth = Number.isFinite(steps) ? Math.ceil(steps / 10) : undefined;
  const rules: Fields<TrainSettings> = {
    steps: countOrInfinity(steps),
    seconds: aboveZero(Infinity),
    batchSize: fields.count(16),
    accumulate: fields.count(1),
    gradientCheckpointing: fields.flag(false),
    learningRate: rateField(1e-3),
    schedule: scheduleField(hasEnd ? 'cosine' : 'constant'),
    warmupSteps: fields.optional(fields.count(undefined, 0)),
    minLearningRate: rateField((learningRate ?? 1e-3) / 10),
    decaySteps: fields.optional(fields.count()),
    weightDecay: rateField(0.1),
    betas: betasField([0.9, 0.95]),
    clipNorm: aboveZero(1),
    validation: fields.optional(object<BatchSource>('a source of batches', 'batch')),
    validateEvery: fields.count(tenth ?? 100),
    validationTokens: countOrInfinity(8192),
    seed: fields.seed(),
    signal: fields.optional(object<AbortSignal>('an AbortSignal', 'throwIfAborted')),
    saveTo: fields.optional(saveTarget),
    saveEvery: fields.optional(countOrInfinity()),
    resume: fields.flag(false),
    resumeFrom: fields.optional(stateSource),
  };
  const settings = resolveFields<TrainSettings>('train', rules, options);
  if (settings.batchSize % settings.accumulate !== 0)
    throw new ConfigError(
      `train: accumulate is ${settings.accumulate}, but must divide batchSize ${settings.batchSize}`,
    );
  if (!hasEnd && (settings.schedule === 'cosine' || settings.schedule === 'linear'))
    throw new ConfigError(`train: the schedule ${settings.schedule} needs an end; give steps, seconds or decaySteps`);
  if (settings.resume && typeof settings.saveTo !== 'string')
    throw new ConfigError(
      'train: resume needs saveTo, the path of a directory; elsewhere give resumeFrom what was saved',
    );
  if (settings.resume && settings.resumeFrom !== null)
    throw new ConfigError('train: resume goes on from saveTo, resumeFrom from elsewhere; give one of them');
  return settings;
}

/** Steps of a run that is told nothing else. */
const usualSteps = 1000;

const countOrInfinity = (fallback?: number): Field<number> => ({
  allowed: 'a whole number of at least 1, or Infinity',
  accepts: (value) => value === Infinity || fields.count().accepts(value),
  fallback,
});

const aboveZero = (fallback: number): Field<number> => ({
  allowed: 'a number above 0, or Infinity',
  accepts: (value) => typeof value === 'number' && value > 0,
  fallback,
});

const scheduleField = (fallback: ScheduleName): Field<ScheduleName | Schedule> => ({
  allowed: `one of ${Object.keys(schedules).join(', ')}, or a function of the step`,
  accepts: (value) => typeof value === 'function' || Object.hasOwn(schedules, String(value)),
  fallback,
});

const object = <T>(allowed: string, method: string): Field<T> => ({
  allowed,
  accepts: (value) => typeof (value as Record<string, unknown> | null)?.[method] === 'function',
});

const isPath = (value: unknown) => typeof value === 'string' && value !== '';

const saveTarget: Field<StateTarget> = {
  allowed: 'a function that takes the bytes, or in Node the path of a directory',
  // Asked now, or a page would learn at the end of its training that it has no directories.
  accepts: (value) =>
    typeof value === 'function' || (isPath(value) && globalThis.process?.versions?.node !== undefined),
};

const stateSource: Field<TrainingStateSource> = {
  allowed: 'the path of a directory, a Blob or the bytes',
  accepts: (value) => isPath(value) || value instanceof Blob || value instanceof Uint8Array,
};
