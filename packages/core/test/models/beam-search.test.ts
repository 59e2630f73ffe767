import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import '../../src/engines/simd/register';
import {ConfigError, DataError} from '../../src/errors';
import type {BeamOptions, Hypothesis} from '../../src/models/beam-options';
import type {RecordingBackend} from '../../src/streams/recorded-step';
import type {TinySequenceToSequence} from '../tiny-sequence-to-sequence';
import {withTinySequences} from '../tiny-sequence-to-sequence';

const [begin, end, pad] = [1, 2, 0];
const sources = [
  [1, 6, 3, 2, 5],
  [4, 2, 6, 0, 0],
  [3, 3, 0, 0, 0],
  [5, 1, 4, 6, 0],
];

/** The log probabilities of what follows a beginning. */
function logProbabilities(model: TinySequenceToSequence, source: number[], tokens: number[]): number[] {
  const target = [begin, ...tokens];
  const logits = tf.tidy(() => model.logits({source, target}).arraySync()[0][target.length - 1]);
  const sum = Math.log(logits.reduce((total, logit) => total + Math.exp(logit), 0));
  return logits.map((logit) => logit - sum);
}

/** fairseq's search as it is described, hypothesis by hypothesis, without caches. */
function searchByDefinition(
  model: TinySequenceToSequence,
  source: number[],
  {
    beams,
    lengthPenalty,
    minTokens,
    maxTokens,
  }: {beams: number; lengthPenalty: number; minTokens: number; maxTokens: number},
): Hypothesis[] {
  let live = [{tokens: [] as number[], sum: 0}];
  const finished: Hypothesis[] = [];
  for (let step = 0; step <= maxTokens && finished.length < beams && live.length > 0; step++) {
    const candidates = live
      .flatMap(({tokens, sum}) =>
        logProbabilities(model, source, tokens).map((l, token) => ({tokens: [...tokens, token], token, sum: sum + l})),
      )
      .filter(({token}) => token !== pad && !(token === end && step < minTokens) && (step < maxTokens || token === end))
      .sort((a, b) => b.sum - a.sum)
      .slice(0, 2 * beams);
    for (const {tokens, token, sum} of candidates.slice(0, beams))
      if (token === end && finished.length < beams) finished.push({tokens, score: sum / (step + 1) ** lengthPenalty});
    live = candidates.filter(({token}) => token !== end).slice(0, beams);
  }
  return finished.sort((a, b) => b.score - a.score);
}

function expectSame(found: Hypothesis[], wanted: Hypothesis[], what: string): void {
  expect(
    found.map(({tokens}) => tokens),
    what,
  ).toEqual(wanted.map(({tokens}) => tokens));
  for (const [i, {score}] of found.entries()) expect(score, what).toBeCloseTo(wanted[i].score, 4);
}

describe.each(['cpu', 'simd'])('a beam search on %s', (backend) => {
  beforeAll(() => tf.setBackend(backend));
  afterAll(() => tf.setBackend('cpu'));

  it('finds what the definition does, for sources alone and among others', () =>
    withTinySequences({}, async (model) => {
      const options = fc.record({
        beams: fc.integer({min: 1, max: 7}),
        lengthPenalty: fc.constantFrom(0, 0.6, 1, 2),
        minTokens: fc.integer({min: 0, max: 3}),
        maxTokens: fc.integer({min: 3, max: 7}),
        batch: fc.subarray([0, 1, 2, 3], {minLength: 1}),
      });
      await fc.assert(
        fc.asyncProperty(options, async ({batch, ...given}) => {
          const found = await model.beamSearch(
            batch.map((b) => sources[b]),
            {begin, end, ...given},
          );
          batch.forEach((b, i) => {
            const wanted = searchByDefinition(model, sources[b], given);
            expectSame(found[i], wanted, `source ${b} of ${batch}, ${JSON.stringify(given)}`);
          });
        }),
        {numRuns: 12},
      );
    }));

  it('writes as much as a source allows', () =>
    withTinySequences({}, async (model) => {
      const lengths = [5, 3, 2, 4];
      const maxTokens = (sourceTokens: number) => sourceTokens - 1;
      const found = await model.beamSearch(sources, {begin, end, beams: 2, maxTokens});
      found.forEach((hypotheses, b) => {
        const given = {beams: 2, lengthPenalty: 1, minTokens: 1, maxTokens: lengths[b] - 1};
        expectSame(hypotheses, searchByDefinition(model, sources[b], given), `source ${b}`);
      });
    }));

  it('leaves no tensor behind, not where it is aborted either', () =>
    withTinySequences({}, async (model) => {
      await model.beamSearch(sources, {begin, end, beams: 3, maxTokens: 8});
      const before = tf.memory().numTensors;
      await model.beamSearch(sources, {begin, end, beams: 3, maxTokens: 8});
      expect(tf.memory().numTensors).toBe(before);
      const stop = new AbortController();
      const search = model.beamSearch(sources, {begin, end, minTokens: 20, maxTokens: 30, signal: stop.signal});
      stop.abort(new Error('enough'));
      await expect(search).rejects.toThrow('enough');
      expect(tf.memory().numTensors).toBe(before);
    }));
});

describe('a beam search', () => {
  it('has the engine record its steps, greedy or not', async () => {
    await tf.setBackend('simd');
    const engine = tf.backend() as RecordingBackend;
    const record = engine.record.bind(engine);
    try {
      for (const beams of [1, 4])
        await withTinySequences({}, async (model) => {
          const made: boolean[] = [];
          engine.record = (input, state, step) => {
            const result = record(input, state, step);
            made.push(result.recording !== null);
            return result;
          };
          const search = () => model.beamSearch([sources[0]], {begin, end, beams, minTokens: 9, maxTokens: 12});
          const [first] = await search();
          expect(made).toEqual([true]);
          // What is recorded serves the next source of the same length.
          expect((await search())[0]).toEqual(first);
          expect(made).toEqual([true]);
          engine.record = record;
        });
    } finally {
      engine.record = record;
      await tf.setBackend('cpu');
    }
  });

  it('ends where the context does', () =>
    withTinySequences({maxSequenceLength: 5}, async (model) => {
      const [[best]] = await model.beamSearch([sources[0]], {begin, end, minTokens: 4});
      expect(best.tokens).toHaveLength(5);
      await expect(model.beamSearch([sources[0]], {begin, end, minTokens: 5})).rejects.toThrow(
        new ConfigError('beamSearch: minTokens is 5, but a target has at most 4 tokens'),
      );
    }));

  const wrong: [BeamOptions, RegExp][] = [
    [{begin: 6, end}, /^beamSearch: begin is 6, but must be a token id from 0 to 5$/],
    [{begin, end: -1}, /^beamSearch: end is -1, but must be a token id from 0 to 5$/],
    [{begin} as BeamOptions, /^beamSearch: the field end is missing; it must be a token id from 0 to 5$/],
    [{begin, end, beams: 0}, /^beamSearch: beams is 0, but must be a whole number of at least 1$/],
    [{begin, end, lengthPenalty: -1}, /^beamSearch: lengthPenalty is -1/],
    [
      {begin, end, maxTokens: 0},
      /^beamSearch: maxTokens is 0, but must be a whole number of at least 1, or a function/,
    ],
    [{begin, end, maxTokens: () => 0.5}, /^beamSearch: maxTokens gives 0.5 for a source of 5 tokens, but must give/],
    [{begin, end, width: 3} as BeamOptions, /^beamSearch: unknown option width; known are /],
    [undefined as unknown as BeamOptions, /^beamSearch: options is undefined/],
  ];
  it.each(wrong)('refuses %o', (options, message) =>
    withTinySequences({}, async (model) => {
      const before = tf.memory().numTensors;
      const error = await model.beamSearch([sources[0]], options).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ConfigError);
      expect((error as Error).message).toMatch(message);
      expect(tf.memory().numTensors).toBe(before);
    }),
  );

  it('says that the weights are no good where logits are not', () =>
    withTinySequences({}, async (model) => {
      tf.tidy(() => {
        const [weight] = model.weights.filter(({originalName}) => originalName === 'head/kernel');
        weight.write(tf.fill(weight.shape as number[], Number.NaN));
      });
      const before = tf.memory().numTensors;
      await expect(model.beamSearch([sources[0]], {begin, end})).rejects.toThrow(DataError);
      expect(tf.memory().numTensors).toBe(before);
    }));
});
