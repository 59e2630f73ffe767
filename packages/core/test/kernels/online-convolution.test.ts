import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ShapeError} from '../../src/errors';
import {longConvolution} from '../../src/kernels/long-convolution';
import {onlineConvolution} from '../../src/kernels/online-convolution';
import {Random} from '../../src/random';
import {randomTensor} from '../engines/simd/backends';
import {expectClose} from './gradient-check';
import {inPieces, onlineCases} from './online-convolution-cases';

describe('onlineConvolution', () => {
  it('gives in pieces what longConvolution gives whole', () => {
    fc.assert(
      fc.property(onlineCases({longest: 24, largestPiece: 9}), (given) => {
        const {whole, pieces} = inPieces(given);
        expectClose(pieces, whole, 1e-5, 'pieces', 1);
      }),
      {numRuns: 40},
    );
  });

  it('skips and gates as longConvolution does', () => {
    tf.tidy(() => {
      const random = new Random(1, 'online');
      const [x, gate] = [randomTensor([2, 5, 3], random), randomTensor([2, 5, 3], random)];
      const [filter, skip] = [randomTensor([5, 3], random), randomTensor([3], random)];
      const part = (tensor: tf.Tensor, first: number, size: number) => tensor.slice([0, first], [2, size]);
      const start = onlineConvolution(part(x, 0, 4), filter, null, {skip, gate: part(gate, 0, 4)});
      const next = onlineConvolution(part(x, 4, 1), filter, start.state, {skip, gate: part(gate, 4, 1)});
      const pieces = tf.concat([start.output, next.output], 1).dataSync();
      expectClose(pieces, longConvolution(x, filter, {skip, gate}).dataSync(), 1e-5, 'pieces');
    });
  });

  it('keeps the shapes of its state while there is room', () => {
    tf.tidy(() => {
      const filter = tf.ones([4, 2]);
      let {state} = onlineConvolution(tf.ones([1, 2, 2]), filter, null, {capacity: 8});
      for (let i = 0; i < 6; i++) {
        ({state} = onlineConvolution(tf.ones([1, 1, 2]), filter, state, {capacity: 8}));
        expect(state.inputs.shape).toEqual([1, 8, 2]);
      }
      expect(state.length.dataSync()[0]).toBe(8);
      ({state} = onlineConvolution(tf.ones([1, 1, 2]), filter, state, {capacity: 16}));
      expect(state.blocks.shape).toEqual([1, 16, 2]);
    });
  });

  it('refuses other shapes than those of the state', () => {
    tf.tidy(() => {
      const filter = tf.ones([4, 2]);
      const {state} = onlineConvolution(tf.ones([2, 3, 2]), filter, null);
      const attempt = (x: tf.Tensor, taps: tf.Tensor) => () => onlineConvolution(x, taps, state);
      expect(attempt(tf.ones([1, 1, 2]), filter)).toThrow(ShapeError);
      expect(attempt(tf.ones([2, 0, 2]), filter)).toThrow(
        'onlineConvolution: x [2,0,2] must be [2, time, 2] as in the state, time at least 1',
      );
      expect(attempt(tf.ones([2, 1, 2]), tf.ones([4, 3]))).toThrow('filter [4,3] must be [length, 2] as in the state');
    });
  });
});
