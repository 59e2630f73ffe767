import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {growAxis, padAxis, withoutPadding} from '../../src/kernels/padding';

describe('withoutPadding', () => {
  it('puts zeros where the mask has them, for whatever a position holds', () => {
    tf.tidy(() => {
      const mask = tf.tensor2d([[0, 1]]);
      expect([...withoutPadding(tf.ones([1, 2, 2]), mask).dataSync()]).toEqual([0, 0, 1, 1]);
      expect([...withoutPadding(tf.ones([1, 2, 1, 2]), mask).dataSync()]).toEqual([0, 0, 1, 1]);
      const x = tf.ones([1, 2, 2]);
      expect(withoutPadding(x, undefined)).toBe(x);
    });
  });
});

describe('padAxis and growAxis', () => {
  it('add along one axis, before and behind', () => {
    tf.tidy(() => {
      const x = tf.ones([1, 2]);
      expect(padAxis(x, 1, 1, 2, 7).arraySync()).toEqual([[7, 1, 1, 7, 7]]);
      expect(padAxis(x, 0, 1, 0).arraySync()).toEqual([
        [0, 0],
        [1, 1],
      ]);
      expect(growAxis(x, 1, 3).arraySync()).toEqual([[1, 1, 0]]);
    });
  });

  it('leave alone what is as long as it shall be', () => {
    tf.tidy(() => {
      const x = tf.ones([1, 2]);
      expect(padAxis(x, 1, 0, 0)).toBe(x);
      expect(growAxis(x, 1, 1)).toBe(x);
    });
  });
});
