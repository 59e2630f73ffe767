import * as tf from '@tensorflow/tfjs';
import {globalNorm, nextTask, type VariantModel} from '@variants/core';
import type {BatchSource} from '../data/batch-source';
import {AdamW} from '../optim/adamw';
import {clipFactor} from '../optim/clip';
import {batchGradients} from './batch-gradients';
import {DivergenceError} from './divergence-error';
import {type Evaluation, evaluate} from './evaluate';
import {learningRateAt} from './learning-rate';
import {type PositionUnit, positionUnit} from './positions';
import type {TrainingPosition, TrainingRun} from './run-description';
import {RunKeeper} from './run-keeper';
import type {TrainSettings} from './train-options';
import {restoreTrainingState} from './training-state';

/** What one step of a training did. */
export interface TrainingStep {
  /** Steps done, this one included. */
  number: number;
  /** Mean loss of the step's batch in nats, before the update: the model's own, of most kinds the cross entropy. */
  loss: number;
  learningRate: number;
  /** Norm of all gradients together, before clipping. */
  gradientNorm: number;
  /** Positions of the step's batch: its tokens, padding included, or its examples, as `unit` says. */
  tokens: number;
  /** What positions are: 'examples' for classifiers of images and recognizers of speech, else 'tokens'. */
  unit: PositionUnit;
  /** Those per second of this step. */
  tokensPerSecond: number;
  /** Seconds of training so far, without validation and saving. */
  seconds: number;
  /** Of the weights after the step, where one was due. */
  validation?: Evaluation;
}

/** Trains step by step. Whenever the iteration ends, the weights are those after the last step that was done. */
export async function* runTraining(
  model: VariantModel,
  source: BatchSource,
  settings: TrainSettings,
): AsyncGenerator<TrainingStep, void, void> {
  const {betas, weightDecay, signal} = settings;
  const run: TrainingRun = {model, source, settings, optimizer: new AdamW({betas, weightDecay})};
  const position: TrainingPosition = {step: 0, seconds: 0};
  const keeper = new RunKeeper(run, position);
  let failed = false;
  try {
    const saved = await keeper.open();
    if (saved) Object.assign(position, await restoreTrainingState(saved.bytes, saved.name, run));
    keeper.begin();
    while (!isOver(position, settings)) {
      signal?.throwIfAborted();
      const step = await timedStep(run, position);
      await keeper.saveIfDue();
      const validated = await validation(run, position);
      keeper.rest();
      yield {...step, ...validated};
      await keeper.work();
      await nextTask();
    }
  } catch (error) {
    failed = !signal?.aborted;
    throw error;
  } finally {
    try {
      await keeper.close(failed);
    } finally {
      run.optimizer.dispose();
    }
  }
}

function isOver({step, seconds}: TrainingPosition, settings: TrainSettings): boolean {
  return step >= settings.steps || seconds >= settings.seconds;
}

/** Takes a step and moves the position on. */
async function timedStep(run: TrainingRun, position: TrainingPosition): Promise<TrainingStep> {
  const start = performance.now();
  const learningRate = learningRateAt(position, run.settings);
  const step = await updateWeights(run, position.step, learningRate);
  const seconds = (performance.now() - start) / 1000;
  position.step++;
  position.seconds += seconds;
  const tokensPerSecond = step.tokens / seconds;
  const unit = positionUnit(run.model);
  return {number: position.step, ...step, unit, learningRate, tokensPerSecond, seconds: position.seconds};
}

async function updateWeights(
  {model, source, settings, optimizer}: TrainingRun,
  step: number,
  learningRate: number,
): Promise<Pick<TrainingStep, 'loss' | 'gradientNorm' | 'tokens'>> {
  const {loss, gradients, tokens} = await batchGradients(model, source, step, settings);
  const temporary: tf.TensorContainer[] = [loss, gradients];
  try {
    const norm = globalNorm(Object.values(gradients));
    temporary.push(norm);
    const factor = clipFactor(norm, settings.clipNorm);
    if (factor) temporary.push(factor);
    const [[lossValue], [gradientNorm]] = await Promise.all([loss.data(), norm.data()]);
    assertFinite(step + 1, lossValue, gradientNorm);
    optimizer.learningRate = learningRate;
    optimizer.applyGradients(gradients, factor);
    return {loss: lossValue, gradientNorm, tokens};
  } finally {
    tf.dispose(temporary);
  }
}

function assertFinite(step: number, loss: number, gradientNorm: number): void {
  if (Number.isFinite(loss) && Number.isFinite(gradientNorm)) return;
  const what = Number.isFinite(loss) ? `the gradients' norm is ${gradientNorm}` : `the loss is ${loss}`;
  throw new DivergenceError(
    step,
    `train: diverged at step ${step}, where ${what}; try a lower learningRate, more warmupSteps or a lower clipNorm`,
  );
}

async function validation(run: TrainingRun, position: TrainingPosition): Promise<Pick<TrainingStep, 'validation'>> {
  const {validation: source, validateEvery, validationTokens, batchSize, accumulate, seed, signal} = run.settings;
  if (source === null || !(position.step % validateEvery === 0 || isOver(position, run.settings))) return {};
  const options = {maxTokens: validationTokens, batchSize: batchSize / accumulate, seed, signal: signal ?? undefined};
  return {validation: await evaluate(run.model, source, options)};
}
