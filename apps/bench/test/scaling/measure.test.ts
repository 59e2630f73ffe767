import * as tf from '@tensorflow/tfjs';
import {start} from '@variants/core';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {scalingFields} from '../../src/scaling/entrants';
import {type LengthOutcome, measureField} from '../../src/scaling/measure';

beforeAll(() => start());
afterAll(() => tf.setBackend('cpu'));

const plan = {lengths: [8, 12], rounds: 2, secondsPerStep: 60};
const quiet = {signal: new AbortController().signal, show: () => {}, known: () => undefined};

/** All outcomes of a field, by architecture and length. */
async function outcomesOf(field: Awaited<ReturnType<typeof scalingFields>>[number], changed = {}, listener = {}) {
  const outcomes = new Map<string, LengthOutcome>();
  await measureField(
    field,
    {...plan, ...changed},
    {...quiet, ...listener, keep: async ({name}, outcome) => void outcomes.set(`${name} ${outcome.length}`, outcome)},
  );
  return outcomes;
}

it('every architecture is measured at every length, and leaves nothing behind', async () => {
  for (const field of await scalingFields(60_000, undefined, 0)) {
    const outcomes = await outcomesOf(field);
    expect([...outcomes.keys()].sort()).toEqual(
      field.entrants.flatMap(({name}) => plan.lengths.map((length) => `${name} ${length}`)).sort(),
    );
    for (const outcome of outcomes.values()) {
      expect(outcome).toMatchObject({stepMilliseconds: {length: 2}, forwardMilliseconds: {length: 2}});
      // Weights, gradients and two moments are there at once.
      expect((outcome as {peakBytes: number}).peakBytes).toBeGreaterThan(4 * 4 * 50_000);
    }
  }
}, 300_000);

it('what is known is not measured again, and what is too slow not at greater lengths', async () => {
  const [field] = await scalingFields(60_000, ['retnet'], 0);
  const known = (name: string, length: number): LengthOutcome | undefined =>
    name === 'transformer' && length === 8 ? {length, missing: 'known'} : undefined;
  const outcomes = await outcomesOf(field, {secondsPerStep: 1e-6}, {known});
  expect([...outcomes.keys()]).toEqual(['retnet 8', 'retnet 12', 'transformer 12']);
  expect(outcomes.get('retnet 12')).toEqual({length: 12, missing: expect.stringContaining('8 tokens')});
});

it('a model that cannot be made is named with the reason, and the others are measured', async () => {
  const [field] = await scalingFields(60_000, ['retnet'], 0);
  const impossible = {name: 'none', title: 'None', claim: '', create: () => Promise.reject as never};
  const broken = {
    ...field,
    entrants: [
      {
        ...impossible,
        create: () => {
          throw new Error('too large');
        },
      },
      ...field.entrants,
    ],
  };
  const outcomes = await outcomesOf(broken as typeof field, {lengths: [8]});
  expect(outcomes.get('none 8')).toEqual({length: 8, missing: 'too large'});
  expect(outcomes.size).toBe(3);
});

it('ends when it is told to', async () => {
  const [field] = await scalingFields(60_000, ['retnet'], 0);
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(outcomesOf(field, {}, {signal})).rejects.toThrow('enough');
});
