import * as tf from '@tensorflow/tfjs';
import {inference, nextTask, requireOptions, type VariantModel} from '@variants/core';
import {requireWhole} from '../checks';
import {type BatchSource, eachBatch, type TokenBatch} from '../data/batch-source';
import {scoreTask, type TaskScore} from '../tasks/score-task';
import {requireModel, requireSource} from './require-source';

/** Options of {@link evaluateTask}. */
export interface EvaluateTaskOptions {
  /** Examples to score, rounded up to whole batches. Default: all of a finite source, else 1024. */
  numExamples?: number;
  /** Examples at once. Default 64. */
  batchSize?: number;
  /** Seed of the examples, where the source has none of its own. Default 0. */
  seed?: number;
  /** Ends the evaluation, which throws the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Tests a model on a synthetic task: its most likely token at every position against the targets that count.
 * @param source `taskBatches(task, {split: 'test', ...})`
 * @throws ConfigError for an option, or when the model cannot take the source.
 */
export async function evaluateTask(
  model: VariantModel,
  source: BatchSource<TokenBatch>,
  options: EvaluateTaskOptions = {},
): Promise<TaskScore> {
  requireModel('evaluateTask', model);
  requireOptions('evaluateTask', options, ['numExamples', 'batchSize', 'seed', 'signal']);
  requireSource(model, source, 'evaluateTask', 'the data');
  const {batchSize = 64, seed = 0, signal} = options;
  const {numExamples = Number.isFinite(source.numExamples) ? source.numExamples : 1024} = options;
  requireWhole('evaluateTask', 'numExamples', numExamples, 1);
  requireWhole('evaluateTask', 'batchSize', batchSize, 1);
  const predictions: number[][] = [];
  const targets: number[][] = [];
  for (const batch of eachBatch(source, {batchSize, seed, steps: Math.ceil(numExamples / batchSize)})) {
    signal?.throwIfAborted();
    const likeliest = tf.tidy(() => model.forward(batch.inputs, inference).argMax(-1) as tf.Tensor2D);
    predictions.push(...(await likeliest.array()));
    targets.push(...(await batch.targets.array()));
    likeliest.dispose();
    await nextTask();
  }
  return scoreTask(predictions, targets);
}
