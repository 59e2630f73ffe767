import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ops} from '../src';

const shapes = fc.record({
  batch: fc.integer({min: 1, max: 3}),
  time: fc.integer({min: 1, max: 6}),
  features: fc.integer({min: 2, max: 7}),
  seed: fc.integer({min: 0, max: 1000}),
});

type Rows = number[][][];

describe('tokenShift', () => {
  it('is its definition, with and without what is before', () => {
    fc.assert(
      fc.property(shapes, fc.boolean(), ({batch, time, features, seed}, hasBefore) =>
        tf.tidy(() => {
          const x = tf.randomNormal([batch, time, features], 0, 1, 'float32', seed);
          const stay = Math.ceil(features / 2);
          const before = tf.randomNormal([batch, 1, features], 0, 1, 'float32', seed + 1);
          const [rows, first] = [x.arraySync() as Rows, before.arraySync() as Rows];
          const wanted = rows.map((row, b) =>
            row.map((values, t) =>
              values.map((value, i) => {
                if (i < stay) return value;
                return t > 0 ? row[t - 1][i] : hasBefore ? first[b][0][i] : 0;
              }),
            ),
          );
          expect(ops.tokenShift(x, hasBefore ? before : null).arraySync()).toEqual(wanted);
        }),
      ),
      {numRuns: 40},
    );
  });

  it('hands the gradient to where the features came from', () => {
    tf.tidy(() => {
      const x = tf.randomNormal([2, 4, 5]);
      const probe = tf.randomNormal([2, 4, 5]);
      const [dx, dBefore] = tf.grads((rows: tf.Tensor, before: tf.Tensor) =>
        ops.tokenShift(rows, before).mul(probe).sum(),
      )([x, tf.zeros([2, 1, 5])]);
      const p = probe.arraySync() as Rows;
      const wanted = p.map((row) =>
        row.map((values, t) => values.map((value, i) => (i < 3 ? value : (row[t + 1]?.[i] ?? 0)))),
      );
      expect(dx.arraySync()).toEqual(wanted);
      expect(dBefore.arraySync()).toEqual(p.map((row) => [row[0].map((value, i) => (i < 3 ? 0 : value))]));
    });
  });
});

describe('intoPatches', () => {
  it.each([
    [
      7,
      3,
      [
        [1, 2, 3],
        [4, 5, 6],
        [7, 9, 9],
      ],
    ],
    [
      6,
      3,
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
    [1, 4, [[1, 9, 9, 9]]],
    [2, 1, [[1], [2]]],
  ])('cuts %i tokens into patches of %i', (time, size, wanted) => {
    tf.tidy(() => {
      const tokens = tf.tensor2d([Array.from({length: time}, (_, i) => i + 1)], undefined, 'int32');
      const patches = ops.intoPatches(tokens, size, 9);
      expect(patches.dtype).toBe('int32');
      expect(patches.arraySync()).toEqual([wanted]);
    });
  });
});
