import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {crossover, exponentOf} from '../../src/scaling/fit';

const lengths = [256, 512, 1024, 2048, 4096];
const power = (factor: number, exponent: number) =>
  lengths.map((length) => ({length, value: factor * length ** exponent}));

describe('the exponent', () => {
  it('is that of a power, whatever stands before it', () => {
    fc.assert(
      fc.property(fc.double({min: 0.1, max: 3, noNaN: true}), fc.double({min: 1e-6, max: 1e6, noNaN: true}), (a, c) => {
        expect(exponentOf(power(c, a))).toBeCloseTo(a, 6);
      }),
    );
  });

  it.each([
    [[]],
    [[{length: 8, value: 1}]],
    [
      [
        {length: 8, value: 1},
        {length: 8, value: 2},
      ],
    ],
  ])('is none of %j', (points) => {
    expect(exponentOf(points)).toBeUndefined();
  });
});

describe('the crossover', () => {
  it('is where two powers are equal', () => {
    const [linear, square] = [power(1000, 1), power(1, 2)];
    expect(crossover(linear, square)).toBe(1000);
    expect(crossover(power(300, 1.5), square)).toBeUndefined();
  });

  it('is the shortest length of what is always ahead, and none of what is behind in the end', () => {
    expect(crossover(power(1, 1), power(2, 1))).toBe(256);
    expect(crossover(power(2, 1), power(1, 1))).toBeUndefined();
    expect(crossover([], power(1, 1))).toBeUndefined();
  });

  it('is behind the last length where it was slower', () => {
    const slowInBetween = lengths.map((length) => ({length, value: length === 1024 ? 4 : 1}));
    expect(
      crossover(
        slowInBetween,
        lengths.map((length) => ({length, value: 2})),
      ),
    ).toBe(1448);
  });

  it('compares at lengths that both have alone', () => {
    expect(crossover(power(1000, 1).slice(0, 3), power(1, 2))).toBe(1000);
  });
});
