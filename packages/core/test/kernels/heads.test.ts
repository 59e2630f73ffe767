import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {joinHeads, splitHeads} from '../../src/kernels/heads';

describe('splitHeads and joinHeads', () => {
  it('give each head its features, and put them side by side again', () => {
    tf.tidy(() => {
      const x = tf.range(0, 2 * 3 * 8).reshape([2, 3, 8]);
      const heads = splitHeads(x, 4);
      expect(heads.shape).toEqual([2, 4, 3, 2]);
      // Of row 1, position 2, head 3, feature 1: x[1, 2, 7].
      expect(heads.slice([1, 3, 2, 1], [1, 1, 1, 1]).dataSync()[0]).toBe(47);
      expect(joinHeads(heads).dataSync()).toEqual(x.dataSync());
      expect(joinHeads(splitHeads(x.slice([0, 0], [1, 1]), 1)).shape).toEqual([1, 1, 8]);
    });
  });
});
