import {ConfigError, requireTrainingMemory, type VariantModel} from '@variants/core';
import type {BatchSource} from '../data/batch-source';
import {ProgressLine, type ProgressStream, terminal} from './progress-line';
import {requireModel, requireSource} from './require-source';
import {runTraining, type TrainingStep} from './run-training';
import {resolveTrainOptions, type TrainOptions, type TrainSettings} from './train-options';

/**
 * A training that runs as its steps are asked for, once: leaving the loop ends it, with the model as it is.
 */
export interface Training extends AsyncIterable<TrainingStep> {
  /**
   * The same steps, with their progress on a terminal: one line that is drawn again and again, or, where the stream is a
   * file or pipe, a line every few seconds.
   * @param stream Default: the process's standard error; where there is none, in a browser, nothing is drawn.
   */
  withProgress(stream?: ProgressStream): AsyncGenerator<TrainingStep, void, void>;
}

async function* withProgress(
  steps: AsyncIterable<TrainingStep>,
  settings: TrainSettings,
  stream: ProgressStream | undefined,
): AsyncGenerator<TrainingStep, void, void> {
  const line = stream && new ProgressLine(stream, settings);
  try {
    for await (const step of steps) {
      line?.show(step);
      yield step;
    }
  } finally {
    line?.end();
  }
}

/**
 * Trains a model of any kind with AdamW, on its own loss:
 *
 *     for await (const step of train(model, training, {steps: 2000, validation})) console.log(step.number, step.loss);
 *
 * With the same seed, backend and options a run gives the same weights bit for bit, whether or not it was interrupted and
 * resumed; not so with `seconds`, where the machine's speed decides.
 * @throws ConfigError at the call, for an option or for data that the model cannot take; EngineError at the call, when the
 *   engine cannot hold the gradients and moments (`memoryNeeded` says what that takes); DivergenceError in the loop, when
 *   the loss is no number any more; CheckpointError in the loop, when `resumeFrom` does not fit.
 */
export function train(model: VariantModel, source: BatchSource, options: TrainOptions = {}): Training {
  requireModel('train', model);
  const settings = resolveTrainOptions(options);
  requireSource(model, source, 'train', 'the data');
  if (settings.validation) requireSource(model, settings.validation, 'train', 'the validation data');
  if (source.numExamples < settings.batchSize)
    throw new ConfigError(
      `train: batchSize is ${settings.batchSize}, but the data has only ${source.numExamples} examples`,
    );
  if (model.trainableWeights.length === 0) throw new ConfigError(`train: ${model.name} has no trainable weights`);
  requireTrainingMemory(model);
  const steps = runTraining(model, source, settings);
  return {
    [Symbol.asyncIterator]: () => steps,
    withProgress: (stream = terminal()) => withProgress(steps, settings, stream),
  };
}
