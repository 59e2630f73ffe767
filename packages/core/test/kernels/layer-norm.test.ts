import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ShapeError} from '../../src/errors';
import {layerNorm} from '../../src/kernels/layer-norm';
import {layerNormReference} from '../../src/kernels/layer-norm/reference';
import {checkKernel, expectClose, normalPlain, type Plain, rowsOf} from './gradient-check';

const meanOf = (row: number[]) => row.reduce((sum, value) => sum + value, 0) / row.length;
const factorOf = (row: number[], epsilon: number) =>
  1 / Math.sqrt(meanOf(row.map((value) => (value - meanOf(row)) ** 2)) + epsilon);

const definition = (x: Plain, epsilon: number) =>
  rowsOf(x).flatMap((row) => row.map((value) => (value - meanOf(row)) * factorOf(row, epsilon)));

type Inputs = {x: Plain; weight?: Plain; bias?: Plain};

function check({x, weight, bias}: Inputs, epsilon: number) {
  // Values that are nearly the same cancel when their mean is taken off, and what rounding left of them is then enlarged.
  const factor = Math.max(...rowsOf(x).map((row) => factorOf(row, epsilon)));
  const enlarged = Math.max(...x.data.map(Math.abs)) * factor;
  checkKernel({
    inputs: {x, ...(weight && {weight}), ...(bias && {bias})},
    op: (inputs) => [layerNorm(inputs.x, epsilon, weight && {weight: inputs.weight, bias: inputs.bias})],
    reference: (inputs) => [layerNormReference(inputs.x, epsilon, inputs.weight, inputs.bias)],
    definition: (inputs) => {
      const scale = inputs.weight?.data ?? [1];
      const shift = inputs.bias?.data ?? [0];
      return [definition(inputs.x, epsilon).map((y, i) => y * scale[i % scale.length] + shift[i % shift.length])];
    },
    least: {output: 0.1 * enlarged, gradient: factor * Math.max(1, 0.01 * enlarged)},
  });
}

describe('layerNorm', () => {
  it('and its gradient are what the definition gives, on any shape', () => {
    const shapes = fc.array(fc.integer({min: 1, max: 5}), {minLength: 1, maxLength: 4});
    fc.assert(
      fc.property(shapes, fc.nat(), fc.constantFrom(1e-5, 1e-3, 1), (shape, seed, epsilon) =>
        check({x: normalPlain(shape, seed, 'x')}, epsilon),
      ),
      {numRuns: 25},
    );
  });

  it('scales and shifts by weights of the last axis or the last axes, with their gradients', () => {
    const shapes = fc.array(fc.integer({min: 1, max: 4}), {minLength: 1, maxLength: 4});
    fc.assert(
      fc.property(shapes, fc.nat(), fc.nat(), fc.boolean(), (shape, seed, axes, biased) => {
        const last = shape.slice(axes % shape.length);
        const [weight, bias] = ['weight', 'bias'].map((name) => normalPlain(last, seed, name));
        check({x: normalPlain(shape, seed, 'x'), weight, ...(biased && {bias})}, 0.01);
      }),
      {numRuns: 25},
    );
  });

  it('refuses weights of another shape', () => {
    tf.tidy(() => {
      const x = tf.zeros([2, 3, 4]);
      const wrong = () => layerNorm(x, 1e-5, {weight: tf.ones([3])});
      expect(wrong).toThrow(ShapeError);
      expect(wrong).toThrow('layerNorm: weight [3] must have the shape of the last axes of x [2,3,4]');
      expect(() => layerNorm(x, 1e-5, {weight: tf.scalar(1)})).toThrow(ShapeError);
      expect(() => layerNorm(x, 1e-5, {weight: tf.ones([1, 2, 3, 4])})).toThrow(ShapeError);
      expect(() => layerNorm(x, 1e-5, {weight: tf.ones([4]), bias: tf.ones([3, 4])})).toThrow(
        'layerNorm: bias [3,4] must have the shape [4] of the weight',
      );
    });
  });

  it('holds for values of very different size, and far from 0', () => {
    for (const scale of [1e-2, 1e3, 1e6]) check({x: normalPlain([3, 7], 5, 'x', scale)}, 1e-5);
    const far = normalPlain([3, 7], 5, 'x');
    check({x: {...far, data: far.data.map((value) => Math.fround(value + 30))}}, 1e-5);
  });

  it('takes 1e-5 for epsilon and gives 0 for a constant row', () => {
    tf.tidy(() => {
      const small = {shape: [1, 3], data: [1e-3, 2e-3, 5e-3]};
      const y = layerNorm(tf.tensor(small.data, small.shape));
      expectClose(y.dataSync(), definition(small, 1e-5), 1e-6, 'default epsilon');
      expect([...layerNorm(tf.fill([1, 4], 3)).dataSync()]).toEqual([0, 0, 0, 0]);
    });
  });
});
