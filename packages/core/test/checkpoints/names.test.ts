import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {toAuthorsNames} from '../../src/checkpoints/names';
import {CheckpointError} from '../../src/errors';
import {tinyConfig, tinyLayout} from './tiny-model';

describe('toAuthorsNames', () => {
  it("names and turns tensors as in the authors' files, without aliases; both sides stay the caller's", () => {
    const ours = new Map<string, tf.Tensor>([
      ['up/kernel', tf.tensor2d([1, 4, 2, 5, 3, 6], [3, 2])],
      ['up/bias', tf.tensor1d([7, 8])],
    ]);
    const before = tf.memory().numTensors;
    const theirs = toAuthorsNames(tinyLayout, tinyConfig, ours);
    expect(tf.memory().numTensors).toBe(before + 2);
    tf.dispose([...ours.values()]);
    expect([...theirs.keys()]).toEqual(['up.weight', 'up.bias']);
    expect(theirs.get('up.weight')?.arraySync()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(theirs.get('up.bias')?.arraySync()).toEqual([7, 8]);
    tf.dispose([...theirs.values()]);
  });

  it('refuses names that the layout does not have', () => {
    const ours = new Map([['up/gate', tf.scalar(1)]]);
    expect(() => toAuthorsNames(tinyLayout, tinyConfig, ours)).toThrow(CheckpointError);
    expect(() => toAuthorsNames(tinyLayout, tinyConfig, ours)).toThrow('layout tiny: has no tensor for up/gate');
    tf.dispose([...ours.values()]);
  });
});
