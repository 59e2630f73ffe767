import {byteTokenizer, type LanguageModel, type VariantModel} from '@variants/core';
import {type BatchSource, evaluate, type TrainingStep, train} from '@variants/train';
import {measureDecoding, median} from './decoding';
import type {BenchOptions} from './options';
import type {ArchitectureResult, CurvePoint} from './results';
import {contexts, type Entrant, type Setup} from './setup';
import {visible} from './visible';

/** Held-out windows that the score is taken over; enough for the second decimal. */
const validationWindows = 256;
const mostCurvePoints = 100;

/**
 * Trains, scores and times one architecture, with its progress on standard error.
 * @param signal Ends it; it then throws the signal's reason.
 * @throws DivergenceError when the training diverges.
 */
export async function measureArchitecture(
  {card, create}: Entrant,
  {data, prompt}: Pick<Setup, 'data' | 'prompt'>,
  options: BenchOptions,
  signal: AbortSignal,
): Promise<ArchitectureResult> {
  const model = create();
  try {
    process.stderr.write(`${card.title}, ${model.countParams().toLocaleString('en')} parameters\n`);
    const steps = await trainFor(model, data.training, options, signal);
    const maxTokens = validationWindows * options.sequenceLength;
    const {bitsPerByte} = await evaluate(model, data.validation, {maxTokens, signal});
    return {
      name: card.name,
      title: card.title,
      config: model.config,
      parameters: model.countParams(),
      steps: steps.length,
      tokens: steps.reduce((sum, {tokens}) => sum + tokens, 0),
      tokensPerSecond: median(steps.map(({tokensPerSecond}) => tokensPerSecond)),
      bitsPerByte,
      trainingCurve: curveOf(steps),
      decoding: await measureDecoding(model, prompt, contexts, signal),
      sample: await sampleText(model, options.seed, signal),
    };
  } finally {
    model.dispose();
  }
}

/** Trains a model for the budget, with its progress on standard error; gives all steps. */
export async function trainFor(
  model: VariantModel,
  training: BatchSource,
  {budget, batchSize, learningRate, seed}: BenchOptions,
  signal: AbortSignal,
): Promise<TrainingStep[]> {
  const run = train(model, training, {seconds: budget, batchSize, learningRate, seed, schedule: 'cosine', signal});
  const steps: TrainingStep[] = [];
  for await (const step of run.withProgress()) steps.push(step);
  return steps;
}

/** Points of the training curve, each the mean of the steps since the one before. */
export function curveOf(steps: readonly Pick<TrainingStep, 'number' | 'seconds' | 'loss'>[]): CurvePoint[] {
  const width = Math.max(1, Math.ceil(steps.length / mostCurvePoints));
  const groups = Array.from({length: Math.ceil(steps.length / width)}, (_, i) =>
    steps.slice(i * width, (i + 1) * width),
  );
  return groups.map((group) => {
    const {number, seconds} = group[group.length - 1];
    const loss = group.reduce((sum, step) => sum + step.loss, 0) / group.length;
    return {step: number, seconds, bitsPerByte: loss / Math.LN2};
  });
}

/** What the model makes of the book's first words. */
async function sampleText(model: LanguageModel, seed: number, signal: AbortSignal): Promise<string> {
  let text = 'Call me';
  const options = {tokenizer: byteTokenizer, maxTokens: 160, temperature: 0.8, seed, signal};
  for await (const piece of model.generate(text, options)) text += piece;
  // Bytes that are no text may come out of a model that was trained for seconds.
  return visible(text);
}
