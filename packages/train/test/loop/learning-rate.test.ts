import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {schedules} from '../../src/index';
import {learningRateAt} from '../../src/loop/learning-rate';
import {resolveTrainOptions, type TrainOptions} from '../../src/loop/train-options';

/** The rates of all steps of a run whose steps take so many seconds each. */
function ratesOf(options: TrainOptions, secondsPerStep: number, limit = 2000): number[] {
  const settings = resolveTrainOptions({learningRate: 1, ...options});
  const rates: number[] = [];
  for (let step = 0; step < Math.min(limit, settings.steps) && step * secondsPerStep < settings.seconds; step++)
    rates.push(learningRateAt({step, seconds: step * secondsPerStep}, settings));
  return rates;
}

/** Steps until the rate stops rising. */
const warmupOf = (rates: number[]) => rates.indexOf(Math.max(...rates));

describe('the warm-up by default', () => {
  it.each([
    [10, 1],
    [70, 7],
    [1000, 100],
    [5000, 100],
  ])('of %i steps is %i', (steps, wanted) => {
    const settings = {learningRate: 1, warmupSteps: wanted, minLearningRate: 0.1, decaySteps: steps};
    expect(ratesOf({steps}, 0.1)).toEqual(
      Array.from({length: Math.min(2000, steps)}, (_, step) => schedules.cosine(step, settings)),
    );
  });

  it('is 20 steps without any end', () => {
    expect(warmupOf(ratesOf({steps: Infinity}, 0.1))).toBe(20);
  });

  it.each([
    [40, 0.1, 40],
    [40, 0.5, 8],
    [40, 10, 1],
    [40, 0.001, 100],
    [2, 1, 1],
  ])('of %d seconds with steps of %d s is %i', (seconds, pace, wanted) => {
    const rates = ratesOf({seconds}, pace);
    expect(warmupOf(rates)).toBe(wanted);
    expect(rates[wanted]).toBeGreaterThan(0.7);
  });

  it('ends within any budget that has more than one step, and rises until then', () => {
    const budget = fc.record({seconds: fc.integer({min: 1, max: 1000}), numSteps: fc.integer({min: 2, max: 500})});
    fc.assert(
      fc.property(budget, ({seconds, numSteps}) => {
        const rates = ratesOf({seconds, schedule: 'constant'}, seconds / numSteps);
        const end = rates.indexOf(1);
        expect(end).toBeGreaterThan(0);
        expect(end).toBeLessThanOrEqual(Math.floor(numSteps / 10) + 1);
        for (let step = 1; step <= end; step++) expect(rates[step]).toBeGreaterThan(rates[step - 1]);
        expect(new Set(rates.slice(end))).toEqual(new Set([1]));
      }),
      {numRuns: 100},
    );
  });

  it('goes by the budget that is over first', () => {
    expect(warmupOf(ratesOf({steps: 1000, seconds: 40}, 1))).toBe(4);
    expect(warmupOf(ratesOf({steps: 30, seconds: 4000}, 1))).toBe(3);
  });

  it('is not that of a run that names its own', () => {
    expect(warmupOf(ratesOf({seconds: 40, warmupSteps: 7}, 1))).toBe(7);
    expect(ratesOf({seconds: 40, warmupSteps: 0}, 1)[0]).toBe(1);
  });
});
