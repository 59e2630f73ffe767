import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ShapeError} from '../../src/errors';
import {blockDiagonalMatMul} from '../../src/kernels/block-diagonal-mat-mul';
import {blockDiagonalMatMulReference} from '../../src/kernels/block-diagonal-mat-mul/reference';
import {checkKernel, normalPlain, type Plain} from './gradient-check';

/** Row by row and value by value, in double precision. */
function definition(x: Plain, weights: Plain): number[] {
  const [blocks, outputs, inputs] = weights.shape;
  const y: number[] = [];
  for (let row = 0; row < x.data.length; row += blocks * inputs)
    for (let k = 0; k < blocks; k++)
      for (let q = 0; q < outputs; q++) {
        let sum = 0;
        for (let p = 0; p < inputs; p++)
          sum += weights.data[(k * outputs + q) * inputs + p] * x.data[row + k * inputs + p];
        y.push(sum);
      }
  return y;
}

const sizes = fc.record({
  leading: fc.array(fc.integer({min: 1, max: 3}), {maxLength: 3}),
  blocks: fc.integer({min: 1, max: 4}),
  outputs: fc.integer({min: 1, max: 5}),
  inputs: fc.integer({min: 1, max: 5}),
  seed: fc.nat(),
});

describe('blockDiagonalMatMul', () => {
  it('and its gradient are what the definition gives, on any shape', () => {
    fc.assert(
      fc.property(sizes, ({leading, blocks, outputs, inputs, seed}) =>
        checkKernel({
          inputs: {
            x: normalPlain([...leading, blocks * inputs], seed, 'x'),
            weights: normalPlain([blocks, outputs, inputs], seed, 'weights'),
          },
          op: ({x, weights}) => [blockDiagonalMatMul(x, weights)],
          reference: ({x, weights}) => [blockDiagonalMatMulReference({x, weights})],
          definition: ({x, weights}) => [definition(x, weights)],
          least: {output: 0.1, gradient: 0.1},
        }),
      ),
      {numRuns: 25},
    );
  });

  it('keeps the leading axes', () => {
    tf.tidy(() => {
      expect(blockDiagonalMatMul(tf.ones([2, 3, 4]), tf.ones([2, 5, 2])).shape).toEqual([2, 3, 10]);
      expect([...blockDiagonalMatMul(tf.tensor1d([1, 2, 3]), tf.tensor3d([2, 3, 4], [3, 1, 1])).dataSync()]).toEqual([
        2, 6, 12,
      ]);
    });
  });

  it('refuses an axis that is not cut evenly', () => {
    tf.tidy(() => {
      const wrong = () => blockDiagonalMatMul(tf.zeros([2, 5]), tf.zeros([2, 3, 2]));
      expect(wrong).toThrow(ShapeError);
      expect(wrong).toThrow('the last axis of x [2,5] must be blocks * in of the weights [2,3,2], [blocks, out, in]');
      expect(() => blockDiagonalMatMul(tf.zeros([2, 4]), tf.zeros([3, 2]))).toThrow(ShapeError);
    });
  });
});
