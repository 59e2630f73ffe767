import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ConfigError, ShapeError} from '../../src/errors';
import {longConvolution} from '../../src/kernels/long-convolution';
import {longConvolutionReference} from '../../src/kernels/long-convolution/reference';
import {checkKernel} from './gradient-check';
import {
  type ConvolutionShape,
  convolutionPlains,
  convolutionShapes,
  directConvolution,
} from './long-convolution-definition';

const op =
  (mode: 'causal' | 'circular') =>
  ({x, filter, ...options}: {[name: string]: tf.Tensor}) => [longConvolution(x, filter, {mode, ...options})];

const reference =
  (mode: 'causal' | 'circular') =>
  ({x, filter, ...options}: {[name: string]: tf.Tensor}) => [longConvolutionReference({x, filter, ...options}, {mode})];

const check = (shape: ConvolutionShape) =>
  checkKernel({
    inputs: convolutionPlains(shape),
    op: op(shape.mode),
    reference: reference(shape.mode),
    definition: (plains) => [directConvolution(plains, shape.mode)],
    least: {output: 1, gradient: 1},
  });

describe('longConvolution', () => {
  it('and its gradients are what the sums give, for filters longer and shorter than time', () => {
    fc.assert(fc.property(convolutionShapes, check), {numRuns: 40});
  });

  it('holds where there is one position, and for lengths that are prime', () => {
    const alone = {batch: 1, channels: 1, future: 2, withSkip: true, withGate: true, seed: 1, mode: 'causal'} as const;
    for (const [time, taps] of [
      [1, 1],
      [1, 3],
      [13, 11],
    ])
      check({...alone, time, taps});
    check({...alone, time: 17, taps: 17, future: 0, mode: 'circular'});
  });

  it('is causal: a position changes nothing before it', () => {
    tf.tidy(() => {
      const x = tf.randomNormal([1, 9, 2], 0, 1, 'float32', 1);
      const filter = tf.randomNormal([9, 2], 0, 1, 'float32', 2);
      const changed = x.add(
        tf
          .oneHot(tf.tensor1d([5], 'int32'), 9)
          .toFloat()
          .reshape([1, 9, 1])
          .mul(100),
      );
      const difference = longConvolution(changed, filter).sub(longConvolution(x, filter)).abs();
      expect(difference.slice([0, 0, 0], [1, 5, 2]).max().dataSync()[0]).toBeLessThan(1e-4);
      expect(difference.slice([0, 5, 0], [1, 4, 2]).min().dataSync()[0]).toBeGreaterThan(1);
    });
  });

  it('refuses shapes that do not fit, and a future of a circle', () => {
    tf.tidy(() => {
      const [x, filter] = [tf.zeros([2, 3, 4]), tf.zeros([3, 4])];
      const attempt = (options: object) => () => longConvolution(x, filter, options);
      expect(() => longConvolution(filter, filter)).toThrow(ShapeError);
      expect(() => longConvolution(tf.zeros([2, 0, 4]), filter)).toThrow(
        'x [2,0,4] must be [batch, time, channels], each at least 1',
      );
      expect(() => longConvolution(x, tf.zeros([3, 5]))).toThrow(
        'longConvolution: filter [3,5] must be [length, 4] as x is [2,3,4], the length at least 1',
      );
      expect(attempt({future: tf.zeros([0, 4])})).toThrow('future [0,4] must be [length, 4]');
      expect(attempt({skip: tf.zeros([3])})).toThrow('skip [3] must be [4] as x is [2,3,4]');
      expect(attempt({gate: tf.zeros([1, 3, 4])})).toThrow('gate [1,3,4] must be [2,3,4] as x is [2,3,4]');
      expect(attempt({mode: 'circular', future: filter})).toThrow(ConfigError);
    });
  });
});
