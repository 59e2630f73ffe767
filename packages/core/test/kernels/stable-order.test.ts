import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ConfigError, ShapeError} from '../../src/errors';
import {stableOrder} from '../../src/kernels/stable-order';

describe('stableOrder', () => {
  it('sorts, equal keys as they lie, and is undone by its own order', () => {
    const row = fc.array(fc.integer({min: 0, max: 6}), {minLength: 1, maxLength: 20});
    fc.assert(
      fc.property(row, (keys) =>
        tf.tidy(() => {
          const order = stableOrder(tf.tensor([keys, keys.toReversed()], undefined, 'int32'), 7);
          const wanted = [keys, keys.toReversed()].map((list) =>
            list.map((key, place) => [key, place]).sort(([a, i], [b, j]) => a - b || i - j),
          );
          expect(order.arraySync()).toEqual(wanted.map((list) => list.map(([, place]) => place)));
          const back = tf.gather(order, stableOrder(order, keys.length), 1, 1);
          expect(back.arraySync()).toEqual([0, 1].map(() => keys.map((_, i) => i)));
        }),
      ),
    );
  });

  it('sorts keys that fill a number alone', () => {
    tf.tidy(() => {
      const keys = [2e9, 5, 1e9, 5, 2e9 + 1, 32767, 32768, 0];
      const order = stableOrder(tf.tensor1d(keys, 'int32'), 2 ** 31 - 1);
      expect([...order.dataSync()]).toEqual([7, 1, 3, 5, 6, 2, 0, 4]);
    });
  });

  it('refuses keys that are no whole numbers, and a bound that is none', () => {
    tf.tidy(() => {
      expect(() => stableOrder(tf.zeros([3]), 2)).toThrow(ShapeError);
      expect(() => stableOrder(tf.zeros([3], 'int32'), 0)).toThrow(ConfigError);
    });
  });
});
