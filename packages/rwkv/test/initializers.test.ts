import {Random} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {orthogonal, widening} from '../src/initializers';

/** The products of all rows with each other. */
const products = (rows: number[][]) => rows.map((a) => rows.map((b) => a.reduce((sum, x, i) => sum + x * b[i], 0)));

describe.each([
  ['orthogonal', orthogonal, false],
  ['widening', widening, true],
])('%s', (_, initializer, widens) => {
  it('has orthonormal rows or columns, whichever are fewer, times the gain', () => {
    for (const [inputs, outputs] of [
      [5, 5],
      [3, 8],
      [7, 2],
      [1, 1],
    ]) {
      const matrix = initializer(2)([inputs, outputs], new Random(1, 'orthogonal'));
      const rows = Array.from({length: inputs}, (_, i) => [...matrix.slice(i * outputs, (i + 1) * outputs)]);
      const columns = Array.from({length: outputs}, (_, j) => rows.map((row) => row[j]));
      const square = 4 * (widens ? Math.max(1, outputs / inputs) : 1);
      products(inputs < outputs ? rows : columns).forEach((row, i) => {
        row.forEach((product, j) => {
          expect(product).toBeCloseTo(i === j ? square : 0, 5);
        });
      });
    }
  });
});
