import {DataError} from '@variants/core';
import {expect, test} from 'vitest';
import {labelledSequences} from '../../src/index';
import {readBatch} from './read-batch';

const sequences = [[1, 2, 3], [4], [2, 2]];
const labels = [1, 0, 1];

test('fills rows up to the longest', () => {
  const source = labelledSequences(sequences, labels, {padToken: 9});
  const sizes = {vocabSize: 10, numLabels: 2, tokensPerExample: 3, numExamples: 3, padToken: 9};
  expect(source).toMatchObject({...sizes, kinds: ['sequence-classifier']});
  const wanted = [
    [1, 2, 3],
    [4, 9, 9],
    [2, 2, 9],
  ];
  expect(readBatch(source)).toEqual({inputs: [wanted], targets: labels});
  expect(readBatch(source, 1, 2)).toEqual({inputs: [wanted.slice(2)], targets: [1]});
});

test('asks for no padding where nothing is filled up; one id and one label are enough', () => {
  const source = labelledSequences([[0]], [0], {padToken: 0});
  expect(source.padToken).toBeUndefined();
  expect(readBatch(source)).toEqual({inputs: [[[0]]], targets: [0]});
});

test('goes through all rows in each pass of a training, each time in another order', () => {
  const rows = Array.from({length: 20}, (_, i) => [i]);
  const source = labelledSequences(
    rows,
    rows.map(([id]) => id),
    {padToken: 0, shuffle: true},
  );
  const pass = (number: number, seed = 0) => readBatch(source, number, 20, seed).targets as number[];
  for (const order of [pass(0), pass(1), pass(0, 1)]) expect([...order].sort((a, b) => a - b)).toEqual(rows.flat());
  expect(pass(1)).not.toEqual(pass(0));
  expect(pass(0, 1)).not.toEqual(pass(0));
  // Whatever was asked for before.
  expect(readBatch(source, 1, 10).targets).toEqual(pass(0).slice(10));
});

test('tells its rows from others', () => {
  const of = (rows: number[][], given = labels) => labelledSequences(rows, given, {padToken: 0}).fingerprint?.();
  expect(of(sequences)).toBe(of(sequences));
  expect(
    of([
      [1, 2],
      [3, 4],
      [2, 2],
    ]),
  ).not.toBe(of(sequences));
  expect(of(sequences, [1, 0, 0])).not.toBe(of(sequences));
});

test.each<[number[][], number[], object, string]>([
  [[], [], {}, 'labelledSequences: there are no sequences; give at least one'],
  [[[1], []], [0, 1], {}, 'labelledSequences: sequences: number 1 is empty'],
  [[[1], [2.5]], [0, 1], {}, 'sequences: id 2.5 at place 0 of number 1'],
  [[[1], [2]], [0, 1], {vocabSize: 2}, 'id 2 at place 0 of number 1; allowed: a whole number from 0 to 1'],
  [[[1], [2]], [0], {}, 'labelledSequences: 1 labels for 2 examples'],
  [[[1], [2]], [0, -1], {}, 'labels: id -1 at place 1'],
  [[[1], [2]], [0, 2], {numLabels: 2}, 'labels: id 2 at place 1'],
])('refuses %j with labels %j', (rows, given, more, message) => {
  const make = () => labelledSequences(rows, given, {padToken: 0, ...more});
  expect(make).toThrow(DataError);
  expect(make).toThrow(message);
});
