import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ShapeError} from '../../src/errors';
import {rmsNorm} from '../../src/kernels/rms-norm';
import {rmsNormReference} from '../../src/kernels/rms-norm/reference';
import {checkKernel, expectClose, normalPlain, type Plain, rowsOf} from './gradient-check';

const factorOf = (row: number[], epsilon: number) =>
  1 / Math.sqrt(row.reduce((sum, value) => sum + value * value, 0) / row.length + epsilon);

const definition = (x: Plain, epsilon: number) =>
  rowsOf(x).flatMap((row) => row.map((value) => value * factorOf(row, epsilon)));

function check(x: Plain, epsilon: number, weight?: Plain) {
  checkKernel({
    inputs: {x, ...(weight && {weight})},
    op: (inputs) => [rmsNorm(inputs.x, epsilon, inputs.weight)],
    reference: (inputs) => [rmsNormReference(inputs.x, epsilon, inputs.weight)],
    definition: (inputs) => {
      const scale = inputs.weight?.data ?? [1];
      return [definition(inputs.x, epsilon).map((y, i) => y * scale[i % scale.length])];
    },
    least: {gradient: Math.max(...rowsOf(x).map((row) => factorOf(row, epsilon)))},
  });
}

describe('rmsNorm', () => {
  it('and its gradient are what the definition gives, on any shape', () => {
    const shapes = fc.array(fc.integer({min: 1, max: 5}), {minLength: 1, maxLength: 4});
    fc.assert(
      fc.property(shapes, fc.nat(), fc.constantFrom(1e-6, 1e-3, 1), (shape, seed, epsilon) =>
        check(normalPlain(shape, seed, 'x'), epsilon),
      ),
      {numRuns: 25},
    );
  });

  it('scales by weights of the last axis or the last axes, with their gradient', () => {
    const shapes = fc.array(fc.integer({min: 1, max: 4}), {minLength: 1, maxLength: 4});
    fc.assert(
      fc.property(shapes, fc.nat(), fc.nat(), (shape, seed, axes) =>
        check(normalPlain(shape, seed, 'x'), 0.01, normalPlain(shape.slice(axes % shape.length), seed, 'weight')),
      ),
      {numRuns: 25},
    );
  });

  it('refuses weights of another shape', () => {
    tf.tidy(() => {
      const wrong = () => rmsNorm(tf.zeros([2, 3, 4]), 1e-6, tf.ones([3]));
      expect(wrong).toThrow(ShapeError);
      expect(wrong).toThrow('rmsNorm: weight [3] must have the shape of the last axes of x [2,3,4]');
    });
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
