import type {LanguageModel, StreamState} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type AttentionSinksOptions, attentionSinks, makeRoom} from '../src';

const small = {vocabSize: 7, hiddenSize: 8, numHeads: 2, numLayers: 1, intermediateSize: 8, cache: 'growing'} as const;

function feed(model: LanguageModel, tokens: number[], state: StreamState | null): StreamState {
  const step = model.stream(tokens, state);
  step.logits.dispose();
  return step.state;
}

const next = (model: LanguageModel, state: StreamState) => {
  const {logits, state: after} = model.stream([1, 2], state);
  const values = [...logits.dataSync()];
  logits.dispose();
  after.dispose();
  return values;
};

/** Places that Python's slices of the reference keep. */
function kept(held: number, coming: number, {numSinks, windowSize}: {numSinks: number; windowSize: number}): number[] {
  const all = [...Array(held).keys()];
  if (held + coming <= numSinks + windowSize) return all;
  return [...all.slice(0, numSinks), ...all.slice(held - windowSize + coming, held)];
}

describe('makeRoom', () => {
  const cases = fc.record({
    held: fc.integer({min: 1, max: 14}),
    coming: fc.integer({min: 0, max: 9}),
    numSinks: fc.integer({min: 0, max: 4}),
    windowSize: fc.integer({min: 1, max: 6}),
    family: fc.constantFrom('llama' as const, 'mpt' as const),
    sinkToken: fc.constantFrom(null, 6),
  });

  it('keeps what the reference keeps, as one block would know it had it seen no more', () => {
    fc.assert(
      fc.property(cases, ({held, coming, numSinks, windowSize, family, sinkToken}) => {
        const own = sinkToken === null ? 0 : 1;
        const options: AttentionSinksOptions = {...small, numSinks, windowSize, family, sinkToken};
        const model = attentionSinks(options);
        const tokens = Array.from({length: held}, (_, i) => (i * 5 + 2) % 6);
        const stays = kept(held + own, coming, {numSinks, windowSize}).map((place) => place - own);
        const state = makeRoom(model, feed(model, tokens, null), coming);
        const ofStream = stays.filter((place) => place >= 0);
        expect(state?.length ?? 0).toBe(ofStream.length);
        if (state) {
          const again = feed(
            model,
            ofStream.map((place) => tokens[place]),
            null,
          );
          const expected = next(model, again);
          next(model, state).forEach((value, i) => {
            expect(value).toBeCloseTo(expected[i], 4);
          });
        }
        model.dispose();
      }),
      {numRuns: 40},
    );
  });

  it('takes any model with a memory of all, whose cache it is told; and refuses one that rolls by itself', () => {
    const sizes = {numSinks: 1, windowSize: 2};
    const model = attentionSinks({...small, numSinks: 4, windowSize: 8});
    const state = makeRoom(model, feed(model, [1, 2, 3, 4, 5], null), 1, sizes) as StreamState;
    expect(state.length).toBe(2);
    expect(makeRoom(model, null, 3)).toBe(null);
    state.dispose();
    model.dispose();
    const rolling = attentionSinks({...small, cache: 'rolling', ...sizes});
    const fed = feed(rolling, [1, 2, 3, 4, 5], null);
    expect(() => makeRoom(rolling, fed, 1)).toThrow(
      /cannot forget positions of a stream, as it has a window that does/,
    );
    fed.dispose();
    rolling.dispose();
  });
});
