import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {clipByGlobalNorm} from '../../src/index';
import {clipFactor} from '../../src/optim/clip';

/** Clips lists of numbers; gives back lists. */
function clip(lists: Record<string, number[]>, limit: number): {norm: number; clipped: Record<string, number[]>} {
  return tf.tidy(() => {
    const tensors = Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, tf.tensor1d(list)]));
    const {gradients, norm} = clipByGlobalNorm(tensors, limit);
    const values = Object.entries(gradients).map(([name, g]) => [name, Array.from(g.dataSync())]);
    return {norm: norm.dataSync()[0], clipped: Object.fromEntries(values)};
  });
}

describe('clipByGlobalNorm', () => {
  const list = fc.array(fc.double({min: -100, max: 100, noNaN: true}).map(Math.fround), {minLength: 1, maxLength: 6});

  it('follows its definition', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), list, {minKeys: 1, maxKeys: 4}),
        fc.double({min: 0.01, max: 300, noNaN: true}),
        (lists, limit) => {
          const {norm, clipped} = clip(lists, limit);
          const wanted = Math.hypot(...Object.values(lists).flat());
          expect(Math.abs(norm - wanted)).toBeLessThanOrEqual(1e-5 * wanted + 1e-20);
          const factor = Math.min(1, limit / (wanted + 1e-6));
          for (const [name, values] of Object.entries(lists))
            expect(clipped[name]).toEqual(values.map((value) => expect.closeTo(value * factor, 3)));
        },
      ),
      {numRuns: 50},
    );
  });

  it('scales all gradients together, to the limit', () => {
    const {norm, clipped} = clip({a: [3], b: [0, 4]}, 1);
    expect(norm).toBe(5);
    expect(clipped.a[0]).toBeCloseTo(0.6, 6);
    expect(clipped.b).toEqual([0, expect.closeTo(0.8, 6)]);
  });

  it('leaves gradients within the limit alone, bit for bit', () => {
    const lists = {a: [0.1, -0.2], b: [0.3]};
    const {clipped} = clip(lists, 1);
    expect(clipped).toEqual({a: lists.a.map(Math.fround), b: lists.b.map(Math.fround)});
    expect(clip({a: [1e6]}, Infinity).clipped).toEqual({a: [1e6]});
  });

  it('takes zeros, and says that what is no number is none', () => {
    expect(clip({a: [0, 0]}, 1)).toEqual({norm: 0, clipped: {a: [0, 0]}});
    expect(clip({a: [Number.NaN], b: [1]}, 1).norm).toBeNaN();
    expect(clip({a: [Infinity]}, 1).norm).toBe(Infinity);
  });
});

describe('clipFactor', () => {
  const factor = (norm: number, limit: number) => tf.tidy(() => clipFactor(tf.scalar(norm), limit)?.dataSync()[0]);

  it('is what brings the norm down to the limit, and 1 below', () => {
    expect(factor(4, 1)).toBeCloseTo(0.25, 6);
    expect(factor(1, 4)).toBe(1);
    expect(factor(0, 1)).toBe(1);
    expect(factor(4, 0)).toBe(0);
  });

  it('is none without a limit', () => {
    expect(factor(1e6, Number.POSITIVE_INFINITY)).toBeUndefined();
  });
});
