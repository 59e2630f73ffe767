import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type ScheduleSettings, schedules} from '../../src/index';

const settings = fc
  .record({
    learningRate: fc.double({min: 1e-5, max: 1, noNaN: true}),
    warmupSteps: fc.nat(50),
    share: fc.double({min: 0, max: 1, noNaN: true}),
    behind: fc.integer({min: 1, max: 500}),
  })
  .map(({learningRate, warmupSteps, share, behind}): ScheduleSettings => {
    return {learningRate, warmupSteps, minLearningRate: learningRate * share, decaySteps: warmupSteps + behind};
  });

describe('cosine', () => {
  /** get_lr of nanoGPT's train.py, line by line. */
  function nanoGpt(it: number, s: ScheduleSettings): number {
    if (it < s.warmupSteps) return (s.learningRate * (it + 1)) / (s.warmupSteps + 1);
    if (it > s.decaySteps) return s.minLearningRate;
    const ratio = (it - s.warmupSteps) / (s.decaySteps - s.warmupSteps);
    const coefficient = 0.5 * (1 + Math.cos(Math.PI * ratio));
    return s.minLearningRate + coefficient * (s.learningRate - s.minLearningRate);
  }

  it("is nanoGPT's at every step", () => {
    fc.assert(
      fc.property(settings, fc.nat(700), (s, step) => {
        expect(schedules.cosine(step, s)).toBeCloseTo(nanoGpt(step, s), 14);
      }),
      {numRuns: 300},
    );
  });

  it('gives the rates of a run that was computed by hand', () => {
    const s = {learningRate: 8, warmupSteps: 3, minLearningRate: 0, decaySteps: 7};
    const rates = Array.from({length: 9}, (_, step) => schedules.cosine(step, s));
    const half = 4 * (1 + Math.SQRT1_2);
    expect(rates).toEqual([2, 4, 6, 8, half, 4, 8 - half, 0, 0].map((rate) => expect.closeTo(rate, 12)));
  });
});

it('linear goes down evenly from the end of the warm-up', () => {
  const s = {learningRate: 1, warmupSteps: 1, minLearningRate: 0.2, decaySteps: 5};
  const rates = Array.from({length: 8}, (_, step) => schedules.linear(step, s));
  expect(rates).toEqual([0.5, 1, 0.8, 0.6, 0.4, 0.2, 0.2, 0.2].map((rate) => expect.closeTo(rate, 12)));
});

it('constant stays up after the warm-up', () => {
  const s = {learningRate: 3, warmupSteps: 2, minLearningRate: 0, decaySteps: 4};
  expect([0, 1, 2, 3, 4, 1e6].map((step) => schedules.constant(step, s))).toEqual([1, 2, 3, 3, 3, 3]);
});

it("inverseSquareRoot is the paper's rate", () => {
  fc.assert(
    fc.property(
      fc.integer({min: 1, max: 4096}),
      fc.integer({min: 1, max: 8000}),
      fc.nat(20000),
      (size, warmup, step) => {
        const paper = size ** -0.5 * Math.min((step + 1) ** -0.5, (step + 1) * warmup ** -1.5);
        const peak = (size * warmup) ** -0.5;
        const s = {learningRate: peak, warmupSteps: warmup, minLearningRate: 0, decaySteps: 1};
        expect(schedules.inverseSquareRoot(step, s) / paper).toBeCloseTo(1, 12);
      },
    ),
  );
});

describe.each(Object.entries(schedules))('%s', (_, schedule) => {
  it('never leaves its bounds, and rises in the warm-up', () => {
    fc.assert(
      fc.property(settings, fc.nat(700), (s, step) => {
        const rate = schedule(step, s);
        expect(rate).toBeGreaterThanOrEqual(0);
        expect(rate).toBeLessThanOrEqual(s.learningRate * (1 + 1e-12));
        if (step + 1 < s.warmupSteps) expect(schedule(step + 1, s)).toBeGreaterThan(rate);
      }),
    );
  });

  it('stays at a number when there is no warm-up, no end, or both at once', () => {
    const rates = [
      {warmupSteps: 0, decaySteps: Infinity},
      {warmupSteps: 5, decaySteps: 5},
      {warmupSteps: 5, decaySteps: 2},
      {warmupSteps: 0, decaySteps: 1},
    ].flatMap((s) => [0, 1, 2, 5, 6].map((step) => schedule(step, {learningRate: 1, minLearningRate: 0.1, ...s})));
    for (const rate of rates) expect(rate).toBeGreaterThan(0);
  });
});
