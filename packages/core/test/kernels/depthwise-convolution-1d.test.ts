import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ShapeError} from '../../src/errors';
import {depthwiseConvolution1d} from '../../src/kernels/depthwise-convolution-1d';
import {depthwiseConvolution1dReference} from '../../src/kernels/depthwise-convolution-1d/reference';
import {checkKernel, normalPlain, type Plain} from './gradient-check';

type Plains = {[name: string]: Plain};

/** Every output as a sum over all rows that there are, in double precision. */
function definition({x, filter, bias, before}: Plains, left: number): number[][] {
  const [batch, time, channels] = x.shape;
  const [size] = filter.shape;
  const row = (b: number, t: number, c: number) => {
    if (t >= 0 && t < time) return x.data[(b * time + t) * channels + c];
    return before && t < 0 ? before.data[(b * (size - 1) + size - 1 + t) * channels + c] : 0;
  };
  const y: number[] = [];
  for (let b = 0; b < batch; b++)
    for (let t = 0; t < time; t++)
      for (let c = 0; c < channels; c++) {
        let sum = bias ? bias.data[c] : 0;
        for (let j = 0; j < size; j++) sum += filter.data[j * channels + c] * row(b, t + j - left, c);
        y.push(sum);
      }
  return [y];
}

const shapes = fc.record({
  batch: fc.integer({min: 1, max: 2}),
  time: fc.integer({min: 1, max: 6}),
  channels: fc.integer({min: 1, max: 4}),
  size: fc.integer({min: 1, max: 5}),
  padding: fc.constantFrom('causal' as const, 'centred' as const),
  withBias: fc.boolean(),
  withBefore: fc.boolean(),
  seed: fc.nat(),
});

describe('depthwiseConvolution1d', () => {
  it('and its gradient are what the definition gives, on any shape', () => {
    fc.assert(
      fc.property(shapes, ({batch, time, channels, size, padding, withBias, withBefore, seed}) => {
        const isCausal = padding === 'causal';
        const left = isCausal ? size - 1 : Math.floor((size - 1) / 2);
        const draw = (name: string, ...shape: number[]) => normalPlain(shape, seed, name);
        checkKernel({
          inputs: {
            x: draw('x', batch, time, channels),
            filter: draw('filter', size, channels),
            ...(withBias && {bias: draw('bias', channels)}),
            ...(withBefore && isCausal && {before: draw('before', batch, size - 1, channels)}),
          },
          op: ({x, filter, ...options}) => [depthwiseConvolution1d(x, filter, {...options, padding})],
          reference: ({x, filter, ...rest}) => [depthwiseConvolution1dReference({x, filter, ...rest}, {left})],
          definition: (inputs) => definition(inputs, left),
          least: {output: 0.1, gradient: 0.1},
        });
      }),
      {numRuns: 25},
    );
  });

  it('moves a sequence by a filter of one tap', () => {
    tf.tidy(() => {
      const x = tf.tensor3d([1, 2, 3, 4], [1, 4, 1]);
      const move = (filter: number[], options: object) => [
        ...depthwiseConvolution1d(x, tf.tensor2d(filter, [filter.length, 1]), options).dataSync(),
      ];
      expect(move([1, 0, 0], {})).toEqual([0, 0, 1, 2]);
      expect(move([1, 0, 0], {before: tf.tensor3d([8, 9], [1, 2, 1])})).toEqual([8, 9, 1, 2]);
      expect(move([1, 0, 0], {padding: 'centred'})).toEqual([0, 1, 2, 3]);
      expect(move([0, 0, 0, 1], {padding: 'centred'})).toEqual([3, 4, 0, 0]);
    });
  });

  it('refuses shapes that do not fit', () => {
    tf.tidy(() => {
      const [x, filter] = [tf.zeros([2, 5, 3]), tf.zeros([4, 3])];
      expect(() => depthwiseConvolution1d(tf.zeros([5, 3]), filter)).toThrow('x [5,3] must be [batch, time, channels]');
      expect(() => depthwiseConvolution1d(x, tf.zeros([4, 2]))).toThrow(
        'depthwiseConvolution1d: filter [4,2] must be [4,3], as x is [2,5,3]',
      );
      expect(() => depthwiseConvolution1d(x, tf.zeros([0, 3]))).toThrow(ShapeError);
      expect(() => depthwiseConvolution1d(x, filter, {bias: tf.zeros([1])})).toThrow('bias [1] must be [3]');
      const before = tf.zeros([2, 3, 3]);
      expect(() => depthwiseConvolution1d(x, filter, {before: tf.zeros([1, 3, 3])})).toThrow(
        'before [1,3,3] must be [2,3,3]',
      );
      expect(() => depthwiseConvolution1d(x, filter, {before, padding: 'centred'})).toThrow(
        'before goes with padding causal, not centred',
      );
    });
  });
});
