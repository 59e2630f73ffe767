import type {Reply} from './peers/protocol';
import type {Task} from './tasks/task';

/** How long and how often is measured. */
export interface SamplingSettings {
  /** Most samples of a contestant. */
  samples: number;
  /** About how long a contestant may take for a task, warm-up and samples each; a call that takes longer is the only sample. */
  seconds: number;
}

/** Who computes tasks; `ask` rejects when the answer takes too long. */
export interface Contestant {
  /** Its name in messages. */
  label: string;
  /** Whether its threads go on waiting for work, on the processor, a while after they have had some. */
  lingers: boolean;
  prepare(task: Task): Promise<Reply>;
  time(calls: number, untimed: number): Promise<Reply>;
}

/** What came of a task on a contestant. */
export type Outcome =
  /** Milliseconds of a call, one number per sample, and some numbers of its result. */
  | {milliseconds: number[]; result: number[]}
  /** It lacks the operation. */
  | {none: true}
  /** A call takes more seconds than anybody waits. */
  | {tooLong: number}
  /** What went wrong. */
  | {error: string};

/** Calls before the first sample, and for how long at least; V8 compiles what is hot in the meantime. */
const warmUp = {calls: 10, milliseconds: 100};
/** A sample is as many calls as this takes. */
const sampleMilliseconds = 20;
/** Longer calls do not have the caches filled by a call before each sample. */
const longCallMilliseconds = 50;
/** How long threads that have had work go on spinning, well above what OpenBLAS and OpenMP do. */
const lingerMilliseconds = 30;

interface Entry {
  contestant: Contestant;
  outcome: Outcome;
  /** About what a call takes. */
  callMilliseconds: number;
  /** What its samples may take yet; none are left to take at 0. */
  leftMilliseconds: number;
}

/**
 * Times a task on all contestants: each is warmed up, then they take turns, a sample each, in another order every round, so
 * that whatever else the machine does meets all of them.
 * @param report Is told what goes on.
 * @param signal Ends it; it then throws the signal's reason.
 * @returns Their outcomes, in order.
 */
export async function sampleInTurns(
  contestants: readonly Contestant[],
  task: Task,
  settings: SamplingSettings,
  report: (text: string) => void,
  signal: AbortSignal,
): Promise<Outcome[]> {
  const entries: Entry[] = [];
  for (const contestant of contestants) {
    signal.throwIfAborted();
    report(`warm-up of ${contestant.label}`);
    entries.push(await warmedUp(contestant, task, settings));
  }
  for (let round = 0; round < settings.samples && entries.some(({leftMilliseconds}) => leftMilliseconds > 0); round++) {
    report(`round ${round + 1} of ${settings.samples}`);
    for (let i = 0; i < entries.length; i++) {
      signal.throwIfAborted();
      await takeSample(entries[(i + round) % entries.length]);
    }
  }
  return entries.map(({outcome}) => outcome);
}

async function warmedUp(contestant: Contestant, task: Task, settings: SamplingSettings): Promise<Entry> {
  const ended = (outcome: Outcome): Entry => ({contestant, outcome, callMilliseconds: 0, leftMilliseconds: 0});
  const start = performance.now();
  const prepared = await contestant.prepare(task);
  if (!('result' in prepared)) return ended(withoutSamples(prepared));
  const {result} = prepared;
  const budget = 1000 * settings.seconds;
  let [calls, next, last] = [0, 1, 0];
  do {
    const reply = await contestant.time(next, 0);
    if (!('milliseconds' in reply)) return ended(withoutSamples(reply));
    calls += next;
    last = reply.milliseconds / next;
    if (last > budget) return ended({result, milliseconds: [last]});
    // As many as may take a tenth of the time, so that the first and slow ones do not decide it.
    next = Math.max(1, Math.min(2 * next, Math.floor(budget / 10 / last)));
  } while (!(isWarm(calls, start) || performance.now() - start > budget));
  return {contestant, outcome: {result, milliseconds: []}, callMilliseconds: last, leftMilliseconds: budget};
}

function isWarm(calls: number, start: number): boolean {
  return calls >= warmUp.calls && performance.now() - start >= warmUp.milliseconds;
}

async function takeSample(entry: Entry): Promise<void> {
  const {contestant, outcome, callMilliseconds} = entry;
  if (entry.leftMilliseconds <= 0 || !('milliseconds' in outcome)) return;
  const calls = Math.max(1, Math.ceil(sampleMilliseconds / callMilliseconds));
  const reply = await contestant.time(calls, callMilliseconds < longCallMilliseconds ? 1 : 0);
  if (contestant.lingers) await new Promise((resolve) => setTimeout(resolve, lingerMilliseconds));
  if ('milliseconds' in reply) {
    outcome.milliseconds.push(reply.milliseconds / calls);
    entry.leftMilliseconds -= reply.milliseconds;
  } else {
    entry.outcome = withoutSamples(reply);
    entry.leftMilliseconds = 0;
  }
}

function withoutSamples(reply: Reply): Outcome {
  if ('none' in reply || 'tooLong' in reply || 'error' in reply) return reply;
  return {error: `answered ${JSON.stringify(reply)} to another question`};
}
