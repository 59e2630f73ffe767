import {ConfigError, start, type VariantModel} from '@variants/core';
import {evaluate} from '@variants/train';
import Table from 'cli-table3';
import {contestantsOfKind} from '../architectures';
import {measureAll} from '../compare';
import {type Conditions, conditions} from '../conditions';
import {median} from '../decoding';
import {trainFor} from '../measure-architecture';
import type {BenchOptions} from '../options';
import type {Unfinished} from '../results';
import {makeDirectory} from '../setup';
import {type ComparedKind, type KindData, kindData, padToken} from './data';

/** What was measured of an architecture's model of a kind. */
interface KindResult {
  name: string;
  title: string;
  config: object;
  parameters: number;
  steps: number;
  /** Examples of a step by its seconds, the median over the steps. */
  examplesPerSecond: number;
  /** Mean loss in nats on examples that none was trained on. */
  loss: number;
  /** Share of the targets there that the model got right. */
  accuracy: number;
}

/** One run of the comparison of a kind of models. */
export interface KindReport extends Conditions {
  kind: ComparedKind;
  /** What the models were trained and scored on. */
  task: string;
  engine: string;
  seed: number;
  /** Of training, per architecture. */
  budgetSeconds: number;
  /** Those of each model are within 1 % of it. */
  wantedParameters: number;
  batchSize: number;
  learningRate: number;
  results: KindResult[];
  unfinished: Unfinished[];
}

/**
 * Trains every architecture that has models of a kind at equal size on that kind's task, and scores them.
 * @param signal Ends it early: the report then names those that were not finished.
 * @throws VariantsError in one line for an option that cannot be, before anything is trained.
 */
export async function compareKind(kind: ComparedKind, options: BenchOptions, signal: AbortSignal): Promise<KindReport> {
  const {seed, budget, parameters, batchSize, learningRate, sequenceLength, only, out} = options;
  const known = contestantsOfKind[kind];
  const missing = only?.find((name) => !known.some(({card}) => card.name === name));
  if (missing !== undefined)
    throw new ConfigError(
      `--only: ${missing} has no ${kind} here; those that have are ${known.map(({card}) => card.name).join(', ')}`,
    );
  const engine = await start({engine: options.backend});
  const data = await kindData[kind](options);
  const {vocabSize, numLabels} = data;
  const request = {parameters, vocabSize, numLabels, padToken, maxSequenceLength: Math.max(sequenceLength, 32)};
  const entrants = known
    .filter(({card}) => only?.includes(card.name) ?? true)
    .map(({card, sized}) => ({card, make: sized(request)}));
  await makeDirectory(out);
  const measured = await measureAll(
    entrants,
    async ({card, make}) => {
      const {name, title} = card;
      const model = make(seed);
      try {
        process.stderr.write(`${title}, ${model.countParams().toLocaleString('en')} parameters\n`);
        return {name, title, ...(await measure(model, data, options, signal))};
      } finally {
        model.dispose();
      }
    },
    signal,
  );
  const sizes = {budgetSeconds: budget, wantedParameters: parameters, batchSize, learningRate};
  return {...conditions('pnpm start'), kind, task: data.task, engine, seed, ...sizes, ...measured};
}

async function measure(
  model: VariantModel,
  {training, validation}: KindData,
  options: BenchOptions,
  signal: AbortSignal,
): Promise<Omit<KindResult, 'name' | 'title'>> {
  const steps = await trainFor(model, training, options, signal);
  const maxTokens = 512 * validation.tokensPerExample;
  const {loss, accuracy} = await evaluate(model, validation, {maxTokens, signal});
  const speeds = steps.map(({tokensPerSecond, tokens}) => (tokensPerSecond / tokens) * options.batchSize);
  return {
    config: {...model.config},
    parameters: model.countParams(),
    steps: steps.length,
    examplesPerSecond: median(speeds),
    loss,
    accuracy,
  };
}

/** The comparison as a table for a terminal; for a report that has results. */
export function formatKindTable({kind, task, results}: Pick<KindReport, 'kind' | 'task' | 'results'>): string {
  const table = new Table({
    head: [kind, 'parameters', 'steps', 'train\nexamples/s', 'loss', 'right'],
    colAligns: ['left', ...Array<'right'>(5).fill('right')],
    style: {head: [], border: [], compact: true},
  });
  for (const {title, parameters, steps, examplesPerSecond, loss, accuracy} of results)
    table.push([
      title,
      parameters.toLocaleString('en'),
      steps.toLocaleString('en'),
      Math.round(examplesPerSecond).toLocaleString('en'),
      loss.toFixed(3),
      `${(100 * accuracy).toFixed(1)} %`,
    ]);
  return `${table.toString()}\n\nTask: ${task}`;
}
