import {CheckpointError, type VariantModel} from '@variants/core';
import type {BatchSource} from '../data/batch-source';
import type {AdamW} from '../optim/adamw';
import type {TrainSettings} from './train-options';

/** All that a training changes or depends on. */
export interface TrainingRun {
  model: VariantModel;
  source: BatchSource;
  settings: TrainSettings;
  optimizer: AdamW;
}

/** How far a training has come. The next batch and the next masks of dropout depend on seed and step alone. */
export interface TrainingPosition {
  /** Steps done. */
  step: number;
  /** Seconds of training. */
  seconds: number;
}

/** What must be the same for a run to be resumed. */
interface RunDescription {
  /** The class of the model. */
  architecture: string;
  /** The model's configuration. */
  config: Record<string, unknown>;
  /** What batches and dropout depend on. */
  batches: Record<string, unknown>;
  /** What the optimizer's moments depend on. */
  moments: Record<string, unknown>;
}

/** Describes a run as it stands in the metadata of its state. */
export function describeRun({model, source, settings}: TrainingRun): RunDescription {
  const {seed, batchSize, accumulate, betas} = settings;
  const {tokensPerExample, vocabSize, sourceVocabSize, targetVocabSize, numLabels, numClasses} = source;
  const sizes = {tokensPerExample, vocabSize, sourceVocabSize, targetVocabSize, numLabels, numClasses};
  // JSON has no Infinity.
  const numExamples = Number.isFinite(source.numExamples) ? source.numExamples : 'without end';
  const description = {
    architecture: model.getClassName(),
    config: {...model.config},
    batches: {seed, batchSize, accumulate, ...sizes, numExamples, data: source.fingerprint?.()},
    moments: {betas},
  };
  // As JSON will give it back: without what is undefined.
  return JSON.parse(JSON.stringify(description));
}

/** Parses what {@link describeRun} and the position became in a file. */
export function readDescription(text: string | undefined, name: string): RunDescription & TrainingPosition {
  if (text === undefined) throw new CheckpointError(`${name}: is no training state; give what train saved with saveTo`);
  const description = parse(text);
  const {step, seconds, config, batches, moments} = description ?? {};
  const isPosition = Number.isSafeInteger(step) && Number(step) >= 0 && Number.isFinite(seconds);
  if (isPosition && [config, batches, moments].every(isObject)) return description as RunDescription & TrainingPosition;
  throw new CheckpointError(`${name}: its metadata entry training is damaged`);
}

function parse(text: string): Partial<RunDescription & TrainingPosition> | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** @throws CheckpointError that names the first difference. */
export function assertSameRun(saved: RunDescription, present: RunDescription, name: string): void {
  const {architecture} = saved;
  if (architecture !== present.architecture)
    throw new CheckpointError(
      `${name}: is the training of a ${architecture}, but the model is a ${present.architecture}`,
    );
  assertSameFields(
    withoutSeed(saved.config),
    withoutSeed(present.config),
    (field, was, is) =>
      `${name}: was saved by a ${architecture} with ${field} ${was}, but the model has ${field} ${is}`,
  );
  const ofTraining = (reason: string) => (field: string, was: string, is: string) =>
    `${name}: was saved by a training with ${field} ${was}, but this one has ${field} ${is}; ${reason}`;
  assertSameFields(
    saved.batches,
    present.batches,
    ofTraining('a resumed run must see the same batches with the same dropout'),
  );
  assertSameFields(
    saved.moments,
    present.moments,
    ofTraining('the saved moments are means that were taken with those'),
  );
}

/** The seed of the first weights, whose place the saved ones take, is not kept by checkpoints. */
function withoutSeed({seed: _, ...config}: Record<string, unknown>): Record<string, unknown> {
  return config;
}

function assertSameFields(
  saved: Record<string, unknown>,
  present: Record<string, unknown>,
  message: (field: string, was: string, is: string) => string,
): void {
  for (const field of new Set([...Object.keys(saved), ...Object.keys(present)])) {
    const [was, is] = [saved[field], present[field]].map((value) => JSON.stringify(value) ?? 'missing');
    if (was !== is) throw new CheckpointError(message(field, was, is));
  }
}
