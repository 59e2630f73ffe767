import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {median, quantile, spread} from '../../src/engine/statistics';

const samples = fc.array(fc.double({min: 1e-3, max: 1e3, noNaN: true}), {minLength: 1, maxLength: 20});

describe('median and quantile', () => {
  it('are in the middle, whatever the order', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([7])).toBe(7);
    expect(quantile([10, 20, 30, 40, 50], 0.25)).toBe(20);
    expect(quantile([0, 10], 0.25)).toBe(2.5);
    expect([quantile([5, 9, 1], 0), quantile([5, 9, 1], 1)]).toEqual([1, 9]);
  });

  it('have as many values below as above', () => {
    fc.assert(
      fc.property(samples, (values) => {
        const middle = median(values);
        const below = values.filter((value) => value < middle).length;
        const above = values.filter((value) => value > middle).length;
        expect(Math.max(below, above)).toBeLessThanOrEqual(values.length / 2);
      }),
    );
  });
});

it('spread is the middle half as a share of the median', () => {
  expect(spread([8, 9, 10, 11, 12])).toBeCloseTo(0.2);
  expect(spread([5, 5, 5])).toBe(0);
});
