import {ShapeError} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {overlapRate} from '../../src/tasks/overlap-rate';
import {scaledAccuracy, scoreTask} from '../../src/tasks/score-task';
import {tasks} from '../../src/tasks/tasks';
import {wilsonInterval} from '../../src/tasks/wilson-interval';

describe('scoreTask', () => {
  test('counts scored positions alone, over all examples', () => {
    const targets = [
      [-100, 3, 4, 5],
      [-100, -100, -100, 6],
    ];
    const predictions = [
      [9, 3, 4, 0],
      [9, 9, 9, 6],
    ];
    const score = scoreTask(predictions, targets);
    expect(score).toMatchObject({accuracy: 3 / 4, exact: 1 / 2, numScored: 4, numExamples: 2});
    expect(score.accuracyInterval).toEqual(wilsonInterval(3 / 4, 2));
    expect(score.exactInterval).toEqual(wilsonInterval(1 / 2, 2));
  });

  test('macroAccuracy is the mean over classes, those only predicted included', () => {
    // Class 1: 2 of 3 right; class 2: 1 of 1; class 7 never wanted: 0.
    const {macroAccuracy} = scoreTask([Int32Array.of(1, 1, 7, 2)], [Int32Array.of(1, 1, 1, 2)]);
    expect(macroAccuracy).toBeCloseTo((2 / 3 + 1 + 0) / 3, 12);
  });

  test('perfect predictions score 1, wrong ones 0', () => {
    const lists = fc.array(fc.array(fc.nat(9), {minLength: 1, maxLength: 6}), {minLength: 1, maxLength: 6});
    fc.assert(
      fc.property(lists, (targets) => {
        expect(scoreTask(targets, targets)).toMatchObject({accuracy: 1, exact: 1, macroAccuracy: 1});
        const wrong = targets.map((row) => row.map((target) => target + 10));
        expect(scoreTask(wrong, targets)).toMatchObject({accuracy: 0, exact: 0, macroAccuracy: 0});
      }),
      {numRuns: 30},
    );
  });

  test('nothing scored has no accuracy', () => {
    expect(scoreTask([], []).accuracy).toBeNaN();
    expect(scoreTask([[1]], [[-100]]).accuracy).toBeNaN();
  });

  test('shapes must fit', () => {
    expect(() => scoreTask([[1]], [[1], [2]])).toThrow(ShapeError);
    expect(() => scoreTask([[1, 2]], [[1]])).toThrow('example 0 has 2 predictions; wanted 1');
  });
});

describe('wilsonInterval', () => {
  test('published values', () => {
    // 81 of 263: Newcombe 1998, table I.
    expect(wilsonInterval(81 / 263, 263).map((end) => end.toFixed(4))).toEqual(['0.2553', '0.3662']);
    expect(wilsonInterval(0, 20).map((end) => end.toFixed(4))).toEqual(['0.0000', '0.1611']);
    expect(wilsonInterval(1 / 29, 29).map((end) => end.toFixed(4))).toEqual(['0.0061', '0.1718']);
  });

  test('about 3 points each way at a half with 1000 trials, all with none', () => {
    const [low, high] = wilsonInterval(0.5, 1000);
    expect(high - low).toBeCloseTo(0.062, 3);
    expect(wilsonInterval(Number.NaN, 0)).toEqual([0, 1]);
  });

  test('holds the share and stays within 0 and 1', () => {
    fc.assert(
      fc.property(fc.integer({min: 1, max: 500}), fc.double({min: 0, max: 1, noNaN: true}), (trials, part) => {
        const share = Math.round(part * trials) / trials;
        const [low, high] = wilsonInterval(share, trials);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(share + 1e-12);
        expect(high).toBeGreaterThanOrEqual(share - 1e-12);
      }),
      {numRuns: 100},
    );
  });
});

test('scaledAccuracy: chance is 0, all right 1', () => {
  expect(scaledAccuracy(0.5, 0.5)).toBe(0);
  expect(scaledAccuracy(1, 0.5)).toBe(1);
  expect(scaledAccuracy(0.75, 0.5)).toBe(0.5);
});

describe('overlapRate', () => {
  test('is 1 where every example was trained, 0 where none can be', () => {
    const sizes = {seed: 1, numTrain: 60, numTest: 20};
    expect(overlapRate(tasks.parity, {...sizes, config: {sequenceLength: 1}})).toBe(1);
    expect(overlapRate(tasks.parity, {...sizes, config: {sequenceLength: 200}})).toBe(0);
  });
});
