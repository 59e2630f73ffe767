import type {Plain} from './gradient-check';

/** log softmax of a row, in double precision. */
function logSoftmax(row: readonly number[]): number[] {
  const largest = Math.max(...row);
  const sum = row.reduce((total, x) => total + Math.exp(x - largest), 0);
  return row.map((x) => x - largest - Math.log(sum));
}

/** Merges repeats, then drops blanks. */
function said(alignment: readonly number[], blank: number): string {
  return alignment.filter((k, t) => k !== blank && k !== alignment[t - 1]).join();
}

/** Every alignment of so many frames. */
function* alignments(frames: number, classes: number): Generator<number[]> {
  if (frames === 0) yield [];
  else for (const rest of alignments(frames - 1, classes)) for (let k = 0; k < classes; k++) yield [...rest, k];
}

/** -log of the sum of the probabilities of all alignments of a sample that say its target, one by one. */
export function ctcByEnumeration(
  logProbabilities: readonly number[][],
  target: readonly number[],
  blank: number,
): number {
  let sum = 0;
  for (const alignment of alignments(logProbabilities.length, logProbabilities[0]?.length ?? 0))
    if (said(alignment, blank) === target.join())
      sum += Math.exp(alignment.reduce((total, k, t) => total + logProbabilities[t][k], 0));
  return -Math.log(sum);
}

/** The same by sums over states, with their factors kept apart from their logarithms. */
export function ctcByStates(logProbabilities: readonly number[][], target: readonly number[], blank: number): number {
  const states = target.flatMap((label) => [blank, label]).concat(blank);
  const add = (a: number, b: number) => {
    const high = Math.max(a, b);
    return high === -Infinity ? high : high + Math.log(Math.exp(a - high) + Math.exp(b - high));
  };
  let alpha = states.map((_, s) => (s === 0 ? 0 : -Infinity));
  for (const row of logProbabilities)
    alpha = states.map((state, s) => {
      const skips = s >= 2 && state !== blank && state !== states[s - 2];
      const before = add(alpha[s], s > 0 ? alpha[s - 1] : -Infinity);
      return row[state] + add(before, skips ? alpha[s - 2] : -Infinity);
    });
  return -add(alpha[states.length - 1], states.length > 1 ? alpha[states.length - 2] : -Infinity);
}

/** Cuts logits [batch, time, classes] into a sample's log probabilities. */
export function samplesOf({shape: [batch, time, classes], data}: Plain): number[][][] {
  return Array.from({length: batch}, (_, b) =>
    Array.from({length: time}, (_, t) =>
      logSoftmax(data.slice((b * time + t) * classes, (b * time + t + 1) * classes)),
    ),
  );
}
