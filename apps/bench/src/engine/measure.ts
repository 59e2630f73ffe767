import {conditions} from '../conditions';
import type {EngineOptions} from './options';
import type {Entrant, Field} from './peers/peers';
import type {CaseReport, EngineReport, Measurement} from './report';
import type {Outcome} from './sampling';
import {sampleInTurns} from './sampling';
import type {Case, Group} from './tasks/cases';
import {workOf} from './tasks/work';

/** How far results of float32 may lie apart, as a share of the largest number. */
const tolerance = 1e-3;

/**
 * Measures all cases of the groups, one after the other.
 * @param report Is told what goes on: the case, and what is done of it.
 * @param signal Ends it; the report then has what is there so far and names the rest.
 */
export async function measure(
  groups: readonly Group[],
  {entrants, peers, missing}: Field,
  options: EngineOptions,
  report: (name: string, text: string) => void,
  signal: AbortSignal,
): Promise<EngineReport> {
  const {samples, seconds} = options;
  const result: EngineReport = {
    ...conditions('pnpm bench:engine'),
    samples,
    seconds,
    peers,
    missing,
    groups: [],
    unfinished: [],
  };
  for (const {name, title, unit, cases} of groups) {
    const measured: CaseReport[] = [];
    for (const entry of cases) {
      const fullName = `${name}: ${entry.name}`;
      try {
        signal.throwIfAborted();
        measured.push(await measureCase(entry, entrants, options, (text) => report(fullName, text), signal));
      } catch (error) {
        if (!signal.aborted) throw error;
        result.unfinished.push(fullName);
      }
    }
    if (measured.length > 0) result.groups.push({name, title, unit, cases: measured});
  }
  return result;
}

async function measureCase(
  {name, task}: Case,
  entrants: readonly Entrant[],
  options: EngineOptions,
  report: (text: string) => void,
  signal: AbortSignal,
): Promise<CaseReport> {
  const contestants = entrants.map(({process}) => process);
  const outcomes = await sampleInTurns(contestants, task, options, report, signal);
  const measurements = entrants.map(({peer, threads}, i): Measurement => {
    return {peer, threads, outcome: compared(outcomes[i], outcomes[0])};
  });
  return {name, work: workOf(task), ...(task.operation === 'decode' && {tokens: task.tokens}), measurements};
}

/** An outcome whose result is that of the first, or else an error: times of different things must not be compared. */
function compared(outcome: Outcome, first: Outcome): Outcome {
  if (!('result' in outcome && 'result' in first)) return outcome;
  const largest = Math.max(...first.result.map(Math.abs), Number.MIN_VALUE);
  const difference = outcome.result.findIndex(
    (value, i) => !(Math.abs(value - first.result[i]) <= tolerance * largest),
  );
  if (difference < 0) return outcome;
  const [wanted, found] = [first, outcome].map(({result}) => result[difference]);
  return {error: `its result has ${found} where the engine's has ${wanted}`};
}
