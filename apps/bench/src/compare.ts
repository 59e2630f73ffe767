import type {ArchitectureCard} from '@variants/core';
import {DivergenceError} from '@variants/train';
import {conditions} from './conditions';
import {measureArchitecture} from './measure-architecture';
import type {BenchOptions} from './options';
import type {BenchReport, Unfinished} from './results';
import type {Entrant, Setup} from './setup';

/**
 * Runs the whole comparison, one architecture after the other. One whose training diverges is named in the report, and
 * the others go on.
 * @param signal Ends it early: the report then names those that were not finished.
 */
export async function compare(setup: Setup, options: BenchOptions, signal: AbortSignal): Promise<BenchReport> {
  const measure = (entrant: Entrant) => measureArchitecture(entrant, setup, options, signal);
  return {...circumstances(setup.engine, options), ...(await measureAll(setup.entrants, measure, signal))};
}

/** Measures one architecture after the other; one whose training diverges, or is interrupted, is named. */
export async function measureAll<Measured extends {card: ArchitectureCard}, Result>(
  entrants: readonly Measured[],
  measure: (entrant: Measured) => Promise<Result>,
  signal: AbortSignal,
): Promise<{results: Result[]; unfinished: Unfinished[]}> {
  const results: Result[] = [];
  const unfinished: Unfinished[] = [];
  for (const entrant of entrants) {
    const {name, title} = entrant.card;
    try {
      signal.throwIfAborted();
      results.push(await measure(entrant));
    } catch (error) {
      if (signal.aborted) unfinished.push({name, title, reason: 'interrupted'});
      else if (error instanceof DivergenceError) unfinished.push({name, title, reason: error.message});
      else throw error;
    }
  }
  return {results, unfinished};
}

function circumstances(engine: string, options: BenchOptions): Omit<BenchReport, 'results' | 'unfinished'> {
  const {seed, text, budget, parameters, sequenceLength, batchSize, learningRate} = options;
  return {
    ...conditions('pnpm start'),
    engine,
    seed,
    text,
    budgetSeconds: budget,
    wantedParameters: parameters,
    sequenceLength,
    batchSize,
    learningRate,
  };
}
