import {ConfigError, type LanguageModel} from '@variants/core';
import type {BatchSource} from '../data/batch-source';
import {assertFits} from './assert-fits';
import {ProgressLine, type ProgressStream, terminal} from './progress-line';
import {runTraining, type TrainingStep} from './run-training';
import {resolveTrainOptions, type TrainOptions, type TrainSettings} from './train-options';

/** A training that runs as its steps are asked for: leaving the loop ends it, with the model as it is. */
export class Training implements AsyncIterable<TrainingStep> {
  private readonly steps: AsyncGenerator<TrainingStep, void, void>;

  /** Made by {@link train}. */
  constructor(
    model: LanguageModel,
    source: BatchSource,
    private readonly settings: TrainSettings,
  ) {
    this.steps = runTraining(model, source, settings);
  }

  [Symbol.asyncIterator](): AsyncGenerator<TrainingStep, void, void> {
    return this.steps;
  }

  /**
   * The same steps, with their progress on a terminal: one line that is drawn again and again, or, where the stream is a
   * file or pipe, a line every few seconds.
   * @param stream Default: the process's standard error; where there is none, in a browser, nothing is drawn.
   */
  async *withProgress(stream: ProgressStream | undefined = terminal()): AsyncGenerator<TrainingStep, void, void> {
    const line = stream && new ProgressLine(stream, this.settings);
    try {
      for await (const step of this) {
        line?.show(step);
        yield step;
      }
    } finally {
      line?.end();
    }
  }
}

/**
 * Trains a language model with AdamW:
 *
 *     for await (const step of train(model, training, {steps: 2000, validation})) console.log(step.number, step.loss);
 *
 * With the same seed, backend and options a run gives the same weights bit for bit, whether or not it was interrupted and
 * resumed; not so with `seconds`, where the machine's speed decides.
 * @throws ConfigError at the call, for an option or for data that the model cannot take; DivergenceError in the loop, when
 *   the loss is no number any more; CheckpointError in the loop, when `resumeFrom` does not fit.
 */
export function train(model: LanguageModel, source: BatchSource, options: TrainOptions = {}): Training {
  const settings = resolveTrainOptions(options);
  assertFits(model, source, 'train: the data');
  if (settings.validation) assertFits(model, settings.validation, 'train: the validation data');
  if (source.numExamples < settings.batchSize)
    throw new ConfigError(
      `train: batchSize is ${settings.batchSize}, but the data has only ${source.numExamples} examples`,
    );
  if (model.trainableWeights.length === 0) throw new ConfigError(`train: ${model.name} has no trainable weights`);
  return new Training(model, source, settings);
}
