import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {isContiguous, transposed} from '../../src/files/strided';

describe('strided', () => {
  it('transposed: value (row, column) goes to (column, row)', () => {
    fc.assert(
      fc.property(fc.integer({min: 0, max: 70}), fc.integer({min: 0, max: 70}), (rows, columns) => {
        const values = Float32Array.from({length: rows * columns}, (_, i) => i);
        const expected = Float32Array.from(values, (_, i) => (i % rows) * columns + Math.floor(i / rows));
        expect(transposed(values, rows, columns)).toEqual(expected);
      }),
      {numRuns: 30},
    );
  });

  it('isContiguous: axes of size 1 may have any stride', () => {
    expect(isContiguous([], [])).toBe(true);
    expect(isContiguous([2, 3], [3, 1])).toBe(true);
    expect(isContiguous([2, 1, 3], [3, 99, 1])).toBe(true);
    expect(isContiguous([2, 3], [1, 2])).toBe(false);
    expect(isContiguous([2, 3], [4, 1])).toBe(false);
    expect(isContiguous([3], [0])).toBe(false);
  });
});
