import {DataError} from '@variants/core';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {maskedWindows} from '../../src/index';
import {readBatch} from './read-batch';

const tokens = Uint8Array.from({length: 4000}, (_, i) => i % 50);
const cut = (sequenceLength: number) => maskedWindows(tokens, {sequenceLength, vocabSize: 50, maskToken: 50});

/** Inputs and targets of a batch of windows. */
function windows(sequenceLength: number, batchSize: number, seed = 0, step = 0) {
  const {inputs, targets} = readBatch(cut(sequenceLength).training, step, batchSize, seed);
  return {inputs: inputs[0] as number[][], targets: targets as number[][]};
}

test('hides 15 % of the tokens, at least one, and tells all others', () => {
  fc.assert(
    fc.property(fc.integer({min: 1, max: 40}), fc.nat(), (sequenceLength, seed) => {
      const {inputs, targets} = windows(sequenceLength, 3, seed);
      for (const [i, row] of inputs.entries()) {
        const places = targets[i].flatMap((target, t) => (target === -100 ? [] : [t]));
        expect(places).toHaveLength(Math.max(1, Math.round(0.15 * sequenceLength)));
        const whole = row.map((token, t) => (targets[i][t] === -100 ? token : targets[i][t]));
        for (let t = 1; t < sequenceLength; t++) expect(whole[t]).toBe((whole[t - 1] + 1) % 50);
      }
    }),
    {numRuns: 30},
  );
});

test('of those, 80 % behind the mask token, 10 % behind any token, and 10 % not at all', () => {
  const {inputs, targets} = windows(100, 200);
  const hidden = inputs.flatMap((row, i) =>
    row.flatMap((token, t) => (targets[i][t] === -100 ? [] : [{token, target: targets[i][t]}])),
  );
  const share = (of: (place: {token: number; target: number}) => boolean) => hidden.filter(of).length / hidden.length;
  expect(share(({token}) => token === 50)).toBeCloseTo(0.8, 1);
  // One of 50 drawn ones is the token itself.
  expect(share(({token, target}) => token === target)).toBeCloseTo(0.102, 1);
  expect(share(({token, target}) => token !== target && token < 50)).toBeCloseTo(0.098, 1);
});

test('in another way each time, the same again for the same step and seed', () => {
  expect(windows(20, 2, 3, 5)).toEqual(windows(20, 2, 3, 5));
  expect(windows(20, 2, 3, 6)).not.toEqual(windows(20, 2, 3, 5));
  const validation = (seed: number) => readBatch(cut(20).validation, 0, 2, seed);
  expect(validation(1)).toEqual(validation(1));
  expect(validation(1)).not.toEqual(validation(2));
});

test('is for masked language models that know the mask token', () => {
  const {training, validation} = cut(8);
  expect(training).toMatchObject({kinds: ['masked-language-model'], vocabSize: 51, tokensPerExample: 8});
  expect(training.numExamples).toBe(Infinity);
  expect(validation.numExamples).toBeGreaterThan(10);
  const other = maskedWindows(tokens, {sequenceLength: 8, vocabSize: 50, maskToken: 49}).training;
  expect(other.vocabSize).toBe(50);
  expect(other.fingerprint?.()).not.toBe(training.fingerprint?.());
});

test('needs a window', () => {
  expect(() => maskedWindows(tokens, {sequenceLength: 5000, maskToken: 50})).toThrow(DataError);
  expect(() => maskedWindows('text', {sequenceLength: 2, maskToken: -1})).toThrow('maskToken is -1');
});
