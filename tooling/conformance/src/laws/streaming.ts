import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {type LanguageModel, ShapeError, StreamState, VariantsError} from '@variants/core';
import fc from 'fast-check';
import {assert, assertClose, assertRefuses, assertSame} from '../assert';
import {logitsOf, longestTime, randomTokens, streamTolerance, withModel} from '../models';
import type {Law} from '../subject';

/** The next piece of a stream: its logits [batch, time, vocabulary] as values per row, and the state after it. */
function feed(model: LanguageModel, piece: number[][], state: StreamState | null): [Float32Array[], StreamState] {
  const {logits, state: next} = model.stream(piece, state);
  const values = logits.dataSync<'float32'>().slice();
  logits.dispose();
  return [rowsOf(values, piece.length), next];
}

function rowsOf(values: Float32Array, batch: number): Float32Array[] {
  const size = values.length / batch;
  return Array.from({length: batch}, (_, row) => values.subarray(row * size, (row + 1) * size));
}

const cut = (tokens: number[][], from: number, to?: number) => tokens.map((row) => row.slice(from, to));

const concatenated = (pieces: Float32Array[][]) =>
  pieces[0].flatMap((_, row) => pieces.flatMap((piece) => [...piece[row]]));

/** Feeding a sequence in pieces gives what feeding it whole gives. */
export const streamSplits: Law = {
  name: 'gives the same outputs for a sequence fed in any pieces',
  kinds: ['language-model'],
  appliesTo: ({choosesByContent = false}) => !choosesByContent,
  check: (subject) =>
    withModel(subject, (model: LanguageModel) => {
      const pieceLengths = fc.array(fc.integer({min: 1, max: 5}), {minLength: 1, maxLength: 6});
      const checkSplit = (lengths: number[], batch: number, seed: number) => {
        const time = Math.min(
          longestTime(subject, model),
          lengths.reduce((sum, length) => sum + length, 0),
        );
        const tokens = randomTokens(model, batch, time, seed);
        const pieces: Float32Array[][] = [];
        let state: StreamState | null = null;
        for (let start = 0, i = 0; start < time; start += lengths[i++]) {
          const [logits, next] = feed(model, cut(tokens, start, start + lengths[i]), state);
          pieces.push(logits);
          state = next;
        }
        state?.dispose();
        assertClose(
          concatenated(pieces),
          logitsOf(model, tokens),
          streamTolerance(subject),
          `pieces of ${lengths} tokens`,
        );
      };
      checkSplit(new Array(longestTime(subject, model)).fill(1), 2, 0);
      fc.assert(fc.property(pieceLengths, fc.integer({min: 1, max: 2}), fc.nat(), checkSplit), {numRuns: 10});
    }),
};

/** A copy of a state, and one that went through bytes or a file, continue a stream as the state itself does. */
export const streamStates: Law = {
  name: 'goes on from a state that was cloned, or saved and loaded',
  kinds: ['language-model'],
  check: (subject) =>
    withModel(subject, async (model: LanguageModel) => {
      const time = longestTime(subject, model);
      const anyCut = fc.integer({min: 1, max: time - 1});
      await fc.assert(
        fc.asyncProperty(anyCut, fc.nat(), async (place, seed) => {
          const tokens = randomTokens(model, 2, time, seed);
          const [, state] = feed(model, cut(tokens, 0, place), null);
          assert(state.bytes > 0, `a state after ${place} tokens has ${state.bytes} bytes`);
          const others = {
            cloned: state.clone(),
            'saved as bytes': StreamState.fromBytes(await state.toBytes()),
            'saved to a file': await throughFile(state),
          };
          const [expected, end] = feed(model, cut(tokens, place), state);
          end.dispose();
          if (!subject.choosesByContent) {
            const whole = rowsOf(logitsOf(model, tokens), 2).map((row) => row.subarray(place * model.config.vocabSize));
            assertClose(
              concatenated([expected]),
              concatenated([whole]),
              streamTolerance(subject),
              `after ${place} tokens`,
            );
          }
          for (const [what, other] of Object.entries(others)) {
            const [logits, otherEnd] = feed(model, cut(tokens, place), other);
            otherEnd.dispose();
            assertSame(concatenated([logits]), concatenated([expected]), `from a state that was ${what}`);
          }
        }),
        {numRuns: 4},
      );
    }),
};

async function throughFile(state: StreamState): Promise<StreamState> {
  const folder = await mkdtemp(join(tmpdir(), 'variants-state-'));
  try {
    const path = join(folder, 'stream.state');
    await state.save(path);
    return await StreamState.load(path);
  } finally {
    await rm(folder, {recursive: true});
  }
}

/** A state serves one continuation; a refused piece does not use it up. */
export const stateOwnership: Law = {
  name: 'uses a state up, but not when the piece is refused',
  kinds: ['language-model'],
  check: (subject) =>
    withModel(subject, (model: LanguageModel) => {
      const [token, next] = [[[0]], [[1]]];
      const [, state] = feed(model, token, null);
      const [, spare] = feed(model, token, null);
      assertRefuses(() => model.stream([[]], spare), VariantsError, /./, 'an empty piece');
      const [afterRefusal, end] = feed(model, next, spare);
      const [logits, otherEnd] = feed(model, next, state);
      for (const used of [end, otherEnd]) used.dispose();
      assertSame(afterRefusal[0], logits[0], 'outputs after a piece that was refused');
      assertRefuses(() => model.stream(next, state), VariantsError, /clone\(\)/, 'a state that was fed before');
    }),
};

/** What comes last can be had alone: `lastOnly`, and `nextLogits` of a state. */
export const lastPosition: Law = {
  name: 'gives the outputs of the last position alone',
  kinds: ['language-model'],
  check: (subject) =>
    withModel(subject, (model: LanguageModel) => {
      const tokens = randomTokens(model, 2, Math.min(5, longestTime(subject, model)), 4);
      tf.tidy(() => {
        const {logits, state} = model.stream(tokens, null, {lastOnly: true});
        const {vocabSize} = model.config;
        assert(logits.shape.join() === `2,1,${vocabSize}`, `with lastOnly, logits have the shape [${logits.shape}]`);
        const last = rowsOf(logitsOf(model, tokens), 2).flatMap((row) => [...row.subarray(-vocabSize)]);
        assertClose(logits.dataSync(), last, streamTolerance(subject), 'with lastOnly');
        assertClose(model.nextLogits(state).dataSync(), last, streamTolerance(subject), 'nextLogits');
        state.dispose();
      });
    }),
};

/** Where the context has an end, a stream says so. */
export const contextLimit: Law = {
  name: 'refuses a stream beyond its context, if that has an end',
  kinds: ['language-model'],
  check: (subject) =>
    withModel(subject, (model: LanguageModel) => {
      const limit = model.contextLength;
      if (limit === null) return;
      const [logits, state] = feed(model, randomTokens(model, 1, limit, 5), null);
      assert(logits[0].every(Number.isFinite), 'outputs of a full context are not finite');
      const beyond = new RegExp(`\\b${limit}\\b`);
      assertRefuses(() => model.stream([[0]], state), ShapeError, beyond, 'a stream beyond the context');
      assertRefuses(
        () => model.stream(randomTokens(model, 1, limit + 1, 5)),
        ShapeError,
        beyond,
        'a prompt longer than the context',
      );
      state.dispose();
    }),
};
