import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {layerNorm} from '../../src/kernels/layer-norm';
import {layerNormReference} from '../../src/kernels/layer-norm/reference';
import {checkKernel, expectClose, normalPlain, type Plain, rowsOf} from './gradient-check';

const meanOf = (row: number[]) => row.reduce((sum, value) => sum + value, 0) / row.length;
const factorOf = (row: number[], epsilon: number) =>
  1 / Math.sqrt(meanOf(row.map((value) => (value - meanOf(row)) ** 2)) + epsilon);

const definition = (x: Plain, epsilon: number) =>
  rowsOf(x).flatMap((row) => row.map((value) => (value - meanOf(row)) * factorOf(row, epsilon)));

function check(x: Plain, epsilon: number) {
  // Values that are nearly the same cancel when their mean is taken off, and what rounding left of them is then enlarged.
  const factor = Math.max(...rowsOf(x).map((row) => factorOf(row, epsilon)));
  const enlarged = Math.max(...x.data.map(Math.abs)) * factor;
  checkKernel({
    inputs: {x},
    op: (inputs) => [layerNorm(inputs.x, epsilon)],
    reference: (inputs) => [layerNormReference(inputs.x, epsilon)],
    definition: (inputs) => [definition(inputs.x, epsilon)],
    least: {output: 0.1 * enlarged, gradient: factor * Math.max(1, 0.01 * enlarged)},
  });
}

describe('layerNorm', () => {
  it('and its gradient are what the definition gives, on any shape', () => {
    const shapes = fc.array(fc.integer({min: 1, max: 5}), {minLength: 1, maxLength: 4});
    fc.assert(
      fc.property(shapes, fc.integer(), fc.constantFrom(1e-5, 1e-3, 1), (shape, seed, epsilon) =>
        check(normalPlain(shape, seed, 'x'), epsilon),
      ),
      {numRuns: 25},
    );
  });

  it('holds for values of very different size, and far from 0', () => {
    for (const scale of [1e-2, 1e3, 1e6]) check(normalPlain([3, 7], 5, 'x', scale), 1e-5);
    const far = normalPlain([3, 7], 5, 'x');
    check({...far, data: far.data.map((value) => Math.fround(value + 30))}, 1e-5);
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
