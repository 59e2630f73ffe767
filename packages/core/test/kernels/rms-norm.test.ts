import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {rmsNorm} from '../../src/kernels/rms-norm';
import {rmsNormReference} from '../../src/kernels/rms-norm/reference';
import {checkKernel, expectClose, normalPlain, type Plain, rowsOf} from './gradient-check';

const factorOf = (row: number[], epsilon: number) =>
  1 / Math.sqrt(row.reduce((sum, value) => sum + value * value, 0) / row.length + epsilon);

const definition = (x: Plain, epsilon: number) =>
  rowsOf(x).flatMap((row) => row.map((value) => value * factorOf(row, epsilon)));

function check(x: Plain, epsilon: number) {
  checkKernel({
    inputs: {x},
    op: (inputs) => [rmsNorm(inputs.x, epsilon)],
    reference: (inputs) => [rmsNormReference(inputs.x, epsilon)],
    definition: (inputs) => [definition(inputs.x, epsilon)],
    least: {gradient: Math.max(...rowsOf(x).map((row) => factorOf(row, epsilon)))},
  });
}

describe('rmsNorm', () => {
  it('and its gradient are what the definition gives, on any shape', () => {
    const shapes = fc.array(fc.integer({min: 1, max: 5}), {minLength: 1, maxLength: 4});
    fc.assert(
      fc.property(shapes, fc.integer(), fc.constantFrom(1e-6, 1e-3, 1), (shape, seed, epsilon) =>
        check(normalPlain(shape, seed, 'x'), epsilon),
      ),
      {numRuns: 25},
    );
  });

  it('holds for values of very different size', () => {
    for (const scale of [1e-3, 1e3, 1e6]) check(normalPlain([3, 7], 5, 'x', scale), 1e-6);
  });

  it('takes 1e-6 for epsilon and gives 0 for a row of zeros', () => {
    tf.tidy(() => {
      const small = {shape: [1, 2], data: [1e-3, 2e-3]};
      expectClose(rmsNorm(tf.tensor2d([[1e-3, 2e-3]])).dataSync(), definition(small, 1e-6), 1e-6, 'default epsilon');
      const [y, gradient] = [rmsNorm(tf.zeros([1, 4])), tf.grad((x) => rmsNorm(x))(tf.zeros([1, 4]))];
      expect([...y.dataSync()]).toEqual([0, 0, 0, 0]);
      expectClose(gradient.dataSync(), [1e3, 1e3, 1e3, 1e3], 1e-5, 'gradient at 0 is 1 / sqrt(epsilon)');
    });
  });
});
