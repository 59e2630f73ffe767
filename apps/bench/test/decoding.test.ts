import * as tf from '@tensorflow/tfjs';
import type {LanguageModel} from '@variants/core';
import * as transformer from '@variants/transformer';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {measureDecoding, median} from '../src/decoding';

describe('median', () => {
  it('is the middle of the sorted values, of an even number the upper', () => {
    const values = [10, 9, 2];
    expect(median(values)).toBe(9);
    expect(median([4, 1, 3, 2])).toBe(3);
    expect(values).toEqual([10, 9, 2]);
  });
});

describe('measureDecoding', () => {
  let model: LanguageModel;
  beforeEach(() => {
    model = transformer.transformer({
      ...transformer.card.sized({parameters: 10_000, vocabSize: 16, maxSequenceLength: 128}),
      seed: 0,
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
    model.dispose();
  });
  const tokens = Array.from({length: 64}, (_, i) => i % 16);

  it('times single tokens at each context, whose state has just so many', async () => {
    const stream = vi.spyOn(model, 'stream');
    const points = await measureDecoding(model, tokens, [8, 32], new AbortController().signal);
    expect(points.map(({context}) => context)).toEqual([8, 32]);
    for (const {context, millisecondsPerToken, stateBytes} of points) {
      expect(millisecondsPerToken).toBeGreaterThan(0);
      const {state, logits} = model.stream(tokens.slice(0, context));
      expect(stateBytes).toBe(state.bytes);
      state.dispose();
      logits.dispose();
    }
    const lengths = stream.mock.calls.map(([given]) => (given as number[]).length);
    expect(lengths.slice(0, 2)).toEqual([5, 1]);
    expect(lengths.filter((length) => length === 1)).toHaveLength(2 * 19);
  });

  it('ends with its signal, and holds no tensors then', async () => {
    const {numTensors} = tf.memory();
    const controller = new AbortController();
    setTimeout(() => controller.abort());
    await expect(measureDecoding(model, tokens, [8, 16, 32, 64], controller.signal)).rejects.toThrow(/abort/i);
    expect(tf.memory().numTensors).toBe(numTensors);
  });
});
