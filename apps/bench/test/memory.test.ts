import {byteTokenizer, start} from '@variants/core';
import {textWindows, train} from '@variants/train';
import {beforeAll, describe, expect, it} from 'vitest';
import {architectures, type Contestant} from '../src/architectures';
import {freshMemory, peakOf, replay, traceOf} from './allocation-trace';

/** Traces of small models stand for those of larger ones, whose tensors are so many times as large. */
const SCALE = 64;

const text = 'the quick brown fox jumps over the lazy dog, and the dog looks on. '.repeat(60);

const request = {parameters: 30_000, vocabSize: byteTokenizer.vocabSize, maxSequenceLength: 48};

/** Trains a fresh model, a few steps on texts of each length. */
async function trained({sized}: Contestant, lengths: readonly number[]): Promise<void> {
  const model = sized(request)(0);
  try {
    for (const sequenceLength of lengths) {
      const {training} = textWindows(text, {sequenceLength});
      for await (const _ of train(model, training, {steps: 2, batchSize: 4}));
    }
  } finally {
    model.dispose();
  }
}

beforeAll(() => start({engine: 'simd', threads: 1}));

it('serves the trainings of all architectures one after the other, where the largest takes 95 % of the memory', async () => {
  const traces = [];
  for (const contestant of architectures) traces.push(await traceOf(() => trained(contestant, [48, 32])));
  const memory = freshMemory(Math.max(...traces.map((trace) => peakOf(trace, SCALE))) / 0.95);
  for (const trace of [...traces, ...traces.reverse()]) replay(memory, trace, SCALE);
  expect(memory.usedBytes).toBe(0);
});

describe.each(architectures.map((each) => [each.card.name, each] as const))('training %s', (_, contestant) => {
  it('on texts of varying lengths holds 1.2 times what the longest need at most', async () => {
    const longest = await traceOf(() => trained(contestant, [48]));
    const varied = await traceOf(() => trained(contestant, [17, 48, 31, 5, 40, 23, 48, 9, 36, 44, 12, 47, 28]));
    const memory = freshMemory();
    replay(memory, varied, SCALE);
    expect(memory.heldBytes).toBeLessThan(1.2 * peakOf(longest, SCALE));
  });
});
