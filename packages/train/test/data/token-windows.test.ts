import * as tf from '@tensorflow/tfjs';
import {ConfigError, DataError} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {type BatchSource, eachBatch, type TokenBatch} from '../../src/data/batch-source';
import {orderedWindows, randomWindows} from '../../src/data/token-windows';

const counting = (length: number) => Int32Array.from({length}, (_, i) => i);

function rows(source: BatchSource<TokenBatch>, step: number, batchSize: number, seed: number) {
  const batch = source.batch(step, batchSize, seed);
  const read = {inputs: batch.inputs.arraySync(), targets: batch.targets.arraySync()};
  tf.dispose([batch.inputs, batch.targets]);
  return read;
}

describe('randomWindows', () => {
  test('targets are the tokens behind the inputs', () => {
    fc.assert(
      fc.property(
        fc.integer({min: 1, max: 9}),
        fc.integer({min: 1, max: 30}),
        fc.nat(),
        fc.nat(99),
        (length, more, seed, step) => {
          const {inputs, targets} = rows(
            randomWindows(counting(length + more), {sequenceLength: length}),
            step,
            3,
            seed,
          );
          for (const [i, row] of inputs.entries()) {
            expect(row).toEqual(row.map((_, t) => row[0] + t));
            expect(targets[i]).toEqual(row.map((token) => token + 1));
            expect(row[0]).toBeGreaterThanOrEqual(0);
            expect(row[0]).toBeLessThan(more);
          }
        },
      ),
      {numRuns: 50},
    );
  });

  test('reach every place, the first and the last included', () => {
    const {inputs} = rows(randomWindows(counting(8), {sequenceLength: 3}), 0, 200, 1);
    expect(new Set(inputs.map(([first]) => first))).toEqual(new Set([0, 1, 2, 3, 4]));
  });

  test('depend on seed and step alone, not on the batches before', () => {
    const source = randomWindows(counting(1000), {sequenceLength: 4});
    const later = rows(source, 7, 2, 3);
    for (let step = 0; step < 7; step++) rows(source, step, 2, 3);
    expect(rows(source, 7, 2, 3)).toEqual(later);
    expect(rows(source, 8, 2, 3)).not.toEqual(later);
    expect(rows(source, 7, 2, 4)).not.toEqual(later);
  });

  test('the same examples in smaller batches', () => {
    const source = randomWindows(counting(1000), {sequenceLength: 4});
    const small = [rows(source, 2, 3, 1), rows(source, 3, 3, 1)].flatMap(({inputs}) => inputs);
    expect(small).toEqual(rows(source, 1, 6, 1).inputs);
  });
});

describe('orderedWindows', () => {
  test('predict every token but the first once, in order', () => {
    fc.assert(
      fc.property(
        fc.integer({min: 1, max: 6}),
        fc.integer({min: 1, max: 40}),
        fc.integer({min: 1, max: 5}),
        (length, more, batchSize) => {
          const source = orderedWindows(counting(length + more), {sequenceLength: length});
          const targets = Array.from(eachBatch(source, {batchSize}), (batch) => [...batch.targets.dataSync()]).flat();
          expect(targets).toEqual(targets.map((_, i) => i + 1));
          expect(length + more - 1 - targets.length).toBeLessThan(length);
          expect(targets.length).toBe(source.numExamples * length);
        },
      ),
      {numRuns: 50},
    );
  });

  test('end behind the last', () => {
    const source = orderedWindows(counting(10), {sequenceLength: 3});
    expect(source.numExamples).toBe(3);
    expect(() => source.batch(2, 2, 0)).toThrow('tokens: step is 2; allowed: up to 1, 3 examples in batches of 2');
  });
});

describe('tokens', () => {
  test.each([Int32Array, Uint32Array, Uint16Array, Uint8Array])('%o', (Tokens) => {
    const tokens = Tokens.from([3, 1, 4, 1, 5]);
    const source = orderedWindows(tokens, {sequenceLength: 4});
    expect(source).toMatchObject({vocabSize: 6, tokensPerExample: 4, numExamples: 1, tokens});
    expect(rows(source, 0, 1, 0)).toEqual({inputs: [[3, 1, 4, 1]], targets: [[1, 4, 1, 5]]});
  });

  test('must be enough for a window', () => {
    for (const windows of [randomWindows, orderedWindows]) {
      expect(() => windows(counting(8), {sequenceLength: 8, name: 'book'})).toThrow(
        new DataError('book: 8 tokens; a window of sequenceLength 8 needs 9'),
      );
      expect(() => windows(counting(0), {sequenceLength: 1})).toThrow(DataError);
    }
  });

  test('must be below vocabSize', () => {
    const options = {sequenceLength: 2, name: 'book'};
    expect(() => orderedWindows(Int32Array.of(0, 9, 1), {...options, vocabSize: 9})).toThrow(
      'book: token 9 at place 1; allowed: a whole number from 0 to 8',
    );
    expect(() => orderedWindows(Int32Array.of(0, 1, -1), options)).toThrow(
      'book: token -1 at place 2; allowed: a whole number from 0',
    );
  });

  test('with impossible sizes', () => {
    expect(() => orderedWindows(counting(9), {sequenceLength: 0})).toThrow(ConfigError);
    expect(() => orderedWindows(counting(9), {sequenceLength: 2, vocabSize: 1.5})).toThrow(ConfigError);
  });
});
