import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {alibiBias, alibiSlopes} from '../../src/layers/alibi';

describe('alibiSlopes', () => {
  it('are the powers of the paper', () => {
    expect(alibiSlopes(8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((i) => 2 ** -i));
    expect(alibiSlopes(1)).toEqual([2 ** -8]);
    expect(alibiSlopes(2, 4)).toEqual([2 ** -2, 2 ** -4]);
  });

  it('are those of every second head of more heads, then the others, where heads are no power of 2', () => {
    expect(alibiSlopes(3)).toEqual([2 ** -4, 2 ** -8, 2 ** -2]);
    expect(alibiSlopes(6)).toEqual([2, 4, 6, 8, 1, 3].map((i) => 2 ** -i));
  });
});

describe('alibiBias', () => {
  it('is slope times distance', () => {
    tf.tidy(() => {
      const keys = tf.tensor([0, 1, 2], [1, 1, 3, 1]);
      for (const queries of [[1, 2], tf.tensor1d([1, 2], 'int32')]) {
        const bias = alibiBias([1, 0.5], queries, keys);
        expect(bias.shape).toEqual([1, 2, 2, 3]);
        expect([...bias.dataSync()]).toEqual([-1, 0, 1, -2, -1, 0, -0.5, 0, 0.5, -1, -0.5, 0]);
      }
    });
  });
});
