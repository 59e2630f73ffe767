import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {globalNorm} from '../../src/kernels/global-norm';
import {normalPlain} from './gradient-check';

const normOf = (lists: number[][]) =>
  tf.tidy(() => globalNorm(lists.map((list) => tf.tensor(list, [list.length]))).dataSync()[0]);

describe('globalNorm', () => {
  it('is the root of the sum of all squares', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({min: 0, max: 9}), {minLength: 1, maxLength: 4}), fc.nat(), (sizes, seed) => {
        const lists = sizes.map((size, i) => normalPlain([size], seed + i, 'x', 10 ** i).data);
        const wanted = Math.hypot(...lists.flat());
        expect(Math.abs(normOf(lists) - wanted)).toBeLessThanOrEqual(1e-6 * wanted);
      }),
      {numRuns: 30},
    );
    expect(normOf([[3], [0, 4]])).toBe(5);
  });

  it('is a scalar, 0 of no tensors', () => {
    tf.tidy(() => {
      expect(globalNorm([]).dataSync()[0]).toBe(0);
      expect(globalNorm([tf.ones([2, 2])]).shape).toEqual([]);
    });
  });

  it('says what is not finite', () => {
    expect(normOf([[1], [Number.NaN]])).toBeNaN();
    expect(normOf([[1, Number.NEGATIVE_INFINITY]])).toBe(Number.POSITIVE_INFINITY);
  });
});
