import {ConfigError, DataError} from '@variants/core';
import {expect, test} from 'vitest';
import {sequencePairs} from '../../src/index';
import {readBatch} from './read-batch';

const ends = {beginToken: 1, endToken: 2, padToken: 0};
const pairs = [
  {source: [3, 4, 5], target: [6]},
  {source: [3], target: [7, 8]},
];

test('begins targets, ends what is to follow, and fills all up', () => {
  const source = sequencePairs(pairs, ends);
  const sizes = {sourceVocabSize: 6, targetVocabSize: 9, tokensPerExample: 6, longestSequence: 3, numExamples: 2};
  expect(source).toMatchObject({...sizes, kinds: ['sequence-to-sequence'], padToken: 0});
  const from = [
    [3, 4, 5],
    [3, 0, 0],
  ];
  const begun = [
    [1, 6, 0],
    [1, 7, 8],
  ];
  const next = [
    [6, 2, -100],
    [7, 8, 2],
  ];
  expect(readBatch(source)).toEqual({inputs: [from, begun], targets: next});
});

test('takes one token to one token', () => {
  const source = sequencePairs([{source: [0], target: [0]}], {beginToken: 0, endToken: 1, padToken: 2});
  expect(readBatch(source)).toEqual({inputs: [[[0]], [[0, 0]]], targets: [[0, 1]]});
});

test('tells its pairs from others', () => {
  const of = (some: typeof pairs) => sequencePairs(some, ends).fingerprint?.();
  expect(of(pairs)).toBe(of(pairs));
  expect(of([...pairs].reverse())).not.toBe(of(pairs));
});

test('refuses what are no pairs', () => {
  expect(() => sequencePairs(pairs, {...ends, endToken: 0})).toThrow(ConfigError);
  expect(() => sequencePairs([], ends)).toThrow(new DataError('sequencePairs: there are no pairs; give at least one'));
  expect(() => sequencePairs([{source: [3], target: []}], ends)).toThrow('targets: number 0 is empty');
  expect(() => sequencePairs(pairs, {...ends, sourceVocabSize: 5})).toThrow('sources: id 5 at place 2 of number 0');
});
