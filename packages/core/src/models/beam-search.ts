/**
 * Beam search as fairseq has it (sequence_generator.py, search.py).
 *
 *     K    beams                         V      vocabulary
 *     a    length penalty                max    the most tokens before `end`
 *     s    log probability of a hypothesis, at first 0
 *
 *     for step = 0 .. max:
 *         l = log softmax(logits); padding gets none, `end` none before minTokens; at max all but `end` get none
 *         candidates: the 2K best of s + l over all hypotheses and tokens, best first
 *         of the first K those with `end` are finished, until K are: score = (s + l) / (step + 1)^a
 *         the hypotheses of the next step: the first K that do not end
 *
 * Hypotheses of all sources are rows of one batch: source b has the rows b K to b K + K - 1.
 */
import * as tf from '@tensorflow/tfjs';
import {DataError} from '../errors';
import {nextTask} from '../event-loop';
import {Beam, type Candidate} from './beam';
import type {BeamSettings, BeamSteps, Hypothesis} from './beam-options';

/**
 * The best targets of each source, best first.
 * @param lengths Tokens of each source.
 * @param padToken The id that is no token.
 */
export async function beamSearch(
  model: BeamSteps,
  lengths: readonly number[],
  padToken: number,
  settings: BeamSettings,
): Promise<Hypothesis[][]> {
  const {beams: K, signal} = settings;
  signal?.throwIfAborted();
  const all = lengths.map((length) => new Beam(settings, settings.maxTokens(length)));
  const longest = Math.max(...all.map(({maxTokens}) => maxTokens)) + 1;
  let running = all;
  let state = model.begin(K);
  try {
    for (let step = 0; ; step++) {
      const left = running.flatMap(({isDone}, b) => (isDone ? [] : [b]));
      if (left.length === 0) return all.map((beam) => beam.hypotheses());
      // What is done is computed along until it is half of the batch: only then is another shape worth it.
      if (left.length <= running.length / 2) {
        state = model.keep(
          state,
          left.flatMap((b) => rowsOf(b, K)),
        );
        running = left.map((b) => running[b]);
      }
      const ids = nextIds(running, settings);
      try {
        const {output: logits, state: next} = model.step(ids, state, longest);
        state = next;
        const best = await bestCandidates(logits, running, step, padToken, settings);
        running.forEach((beam, b) => {
          beam.take(step, best[b]);
        });
      } finally {
        ids.dispose();
      }
      await nextTask();
      signal?.throwIfAborted();
    }
  } finally {
    state.dispose();
  }
}

/** The rows of source b. */
const rowsOf = (b: number, K: number): number[] => Array.from({length: K}, (_, k) => b * K + k);

/** The last token of each hypothesis, and the row that it goes on from; rows without a hypothesis get any. */
function nextIds(running: readonly Beam[], {beams: K, begin}: BeamSettings): tf.Tensor2D {
  const pairs = running.flatMap(({live}, b) =>
    rowsOf(b, K).map((row, k) => {
      const hypothesis = live[k];
      return hypothesis ? [hypothesis.tokens.at(-1) ?? begin, b * K + hypothesis.parent] : [begin, row];
    }),
  );
  // Where there is one hypothesis alone, rows never change places.
  const columns = K === 1 ? 1 : 2;
  return tf.tensor2d(
    pairs.flatMap((pair) => pair.slice(0, columns)),
    [pairs.length, columns],
    'int32',
  );
}

/** The 2K best candidates of each source, best first. Disposes the logits [rows, 1, vocabulary]. */
async function bestCandidates(
  logits: tf.Tensor,
  running: readonly Beam[],
  step: number,
  padToken: number,
  settings: BeamSettings,
): Promise<Candidate[][]> {
  const {beams: K} = settings;
  const [rows, , V] = logits.shape as number[];
  const {values, indices} = tf.tidy(() => {
    const l = logits.reshape([rows, V]).logSoftmax();
    // A row without a hypothesis leads nowhere.
    const scores = running.flatMap(({live}) => Array.from({length: K}, (_, k) => live[k]?.logProbability ?? -Infinity));
    const reachable = l.add(tf.tensor2d(scores, [rows, 1])).add(barred(running, step, padToken, V, settings));
    return tf.topk(reachable.reshape([running.length, K * V]), Math.min(2 * K, K * V));
  });
  try {
    const [logProbabilities, places] = await Promise.all([values.data(), indices.data()]);
    const count = values.shape[1] as number;
    return running.map(({isDone}, b) => {
      const found = Array.from({length: count}, (_, i): Candidate => {
        const place = places[b * count + i];
        const logProbability = logProbabilities[b * count + i];
        return {parent: Math.floor(place / V), token: place % V, logProbability};
      }).filter(({logProbability}) => Number.isFinite(logProbability));
      if (found.length === 0 && !isDone)
        throw new DataError('beamSearch: logits are NaN or infinite; the weights of the model are out of range');
      return found;
    });
  } finally {
    tf.dispose([logits, values, indices]);
  }
}

/** -infinity for the tokens that may not follow, 0 for the others: [vocabulary] where all rows have the same, or [rows, vocabulary]. */
function barred(
  running: readonly Beam[],
  step: number,
  padToken: number,
  V: number,
  {beams: K, end, minTokens}: BeamSettings,
): tf.Tensor {
  const next = new Float32Array(V);
  if (padToken < V) next[padToken] = -Infinity;
  if (step < minTokens) next[end] = -Infinity;
  if (running.every(({maxTokens}) => step < maxTokens)) return tf.tensor1d(next);
  const all = new Float32Array(running.length * K * V);
  running.forEach(({maxTokens}, b) => {
    for (const row of rowsOf(b, K)) {
      if (step < maxTokens) all.set(next, row * V);
      else all.fill(-Infinity, row * V, (row + 1) * V).fill(0, row * V + end, row * V + end + 1);
    }
  });
  return tf.tensor2d(all, [running.length * K, V]);
}
