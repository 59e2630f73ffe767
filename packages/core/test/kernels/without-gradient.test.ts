import * as tf from '@tensorflow/tfjs';
import {withoutGradient} from '@variants/core';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';

describe('withoutGradient', () => {
  let x: tf.Tensor1D;
  beforeAll(() => {
    x = tf.tensor1d([1, 3, 2]);
  });
  afterAll(() => x.dispose());

  it('makes constants: f(x) max(x) has the gradient of f times the maximum', () => {
    const gradient = tf.tidy(() =>
      tf
        .grad((given) => given.mul(withoutGradient(() => given.max())))(x)
        .arraySync(),
    );
    expect(gradient).toEqual([3, 3, 3]);
  });

  it('gives what it is given, and leaves nothing of what is made on the way', () => {
    const before = tf.memory().numTensors;
    const {first, all} = withoutGradient(() => ({first: x.add(1).max(), all: [x.neg()]}));
    expect(first.arraySync()).toBe(4);
    expect(all[0].arraySync()).toEqual([-1, -3, -2]);
    tf.dispose([first, all]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('goes on tracing after an error inside', () => {
    const fails = () =>
      withoutGradient(() => {
        throw new Error('inside');
      });
    expect(fails).toThrow('inside');
    expect(
      tf.tidy(() =>
        tf
          .grad((given) => given.square())(x)
          .arraySync(),
      ),
    ).toEqual([2, 6, 4]);
  });
});
