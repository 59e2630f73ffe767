import * as tf from '@tensorflow/tfjs';
import {longConvolution, Random, ShapeError} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type Basis, ops} from '../../src';
import {swapGroups} from '../../src/monarch';

/** Random numbers near 0, or of factors, with diagonals near 1. */
function draw(shape: number[], seed: number, name: string): tf.Tensor {
  const random = new Random(seed, name);
  const size = shape.reduce((product, n) => product * n, 1);
  return tf.tensor(
    Float32Array.from({length: size}, () => 0.5 * random.normal()),
    shape,
  );
}
function drawBasis(m: number, n: number, seed: number): Basis {
  return {
    L: draw([m, m], seed, 'L').add(tf.eye(m).mul(2)) as tf.Tensor2D,
    R: draw([m, n, n], seed, 'R').add(tf.eye(n).mul(2)) as tf.Tensor3D,
  };
}

const sizes = fc.record({m: fc.integer({min: 1, max: 4}), n: fc.integer({min: 1, max: 5}), seed: fc.nat()});

/** Both polynomials from the basis to powers, multiplied, cut off, and what of the basis they are: row by row. */
function definition(B: number[][], x: number[], kernel: number[]): number[] {
  const coefficients = (values: number[]) => B.map((row) => row.reduce((sum, b, j) => sum + b * values[j], 0));
  const [a, b] = [coefficients(x), coefficients(kernel)];
  const product = a.map((_, t) => a.slice(0, t + 1).reduce((sum, value, s) => sum + value * b[t - s], 0));
  const y: number[] = [];
  for (const [i, row] of B.entries())
    y.push((product[i] - y.reduce((sum, value, j) => sum + row[j] * value, 0)) / row[i]);
  return y;
}

describe('causalMonarch', () => {
  it('multiplies polynomials in the basis, cut off at the length', () => {
    fc.assert(
      fc.property(sizes, ({m, n, seed}) => {
        tf.tidy(() => {
          const basis = drawBasis(m, n, seed);
          const [x, kernel] = [draw([1, m * n, 1], seed, 'x'), draw([m * n, 1], seed, 'kernel') as tf.Tensor2D];
          const B = ops.basisMatrix(basis).arraySync();
          const wanted = definition(B, [...x.dataSync()], [...kernel.dataSync()]);
          const actual = ops.causalMonarch(x, kernel, basis).dataSync();
          const largest = Math.max(1, ...wanted.map(Math.abs));
          for (const [i, value] of wanted.entries()) expect(Math.abs(actual[i] - value)).toBeLessThan(1e-4 * largest);
        });
      }),
      {numRuns: 25},
    );
  });

  it('has a basis of polynomials of least degrees 0, 1, 2, ...', () => {
    tf.tidy(() => {
      const B = ops.basisMatrix(drawBasis(3, 4, 1)).arraySync();
      for (const [i, row] of B.entries()) expect(row.slice(i + 1)).toEqual(row.slice(i + 1).map(() => 0));
      for (const [i, row] of B.entries()) expect(row[i]).not.toBe(0);
    });
  });

  it('has a basis that is a Monarch matrix without its last permutation', () => {
    fc.assert(
      fc.property(sizes, ({m, n, seed}) => {
        tf.tidy(() => {
          const basis = drawBasis(m, n, seed);
          const lower = (matrix: tf.Tensor) => tf.linalg.bandPart(matrix, -1, 0);
          const [first, second] = [lower(basis.R) as tf.Tensor3D, lower(basis.L).expandDims<tf.Tensor3D>(0)];
          // A row of x = 1 gives a column of B.
          const placed = ops.monarch(swapGroups(tf.eye(m * n), n), first, second.tile([n, 1, 1]));
          const difference = swapGroups(placed, m).transpose().sub(ops.basisMatrix(basis)).abs().max();
          expect(difference.dataSync()[0]).toBeLessThan(1e-5);
        });
      }),
      {numRuns: 10},
    );
  });

  it('is the convolution itself where the basis is that of powers', () => {
    tf.tidy(() => {
      const [m, n] = [2, 3];
      const basis = {L: tf.eye(m), R: tf.eye(n).expandDims(0).tile([m, 1, 1]) as tf.Tensor3D};
      const [x, kernel] = [draw([2, 6, 3], 1, 'x'), draw([6, 3], 1, 'kernel') as tf.Tensor2D];
      const difference = ops.causalMonarch(x, kernel, basis).sub(longConvolution(x, kernel)).abs().max();
      expect(difference.dataSync()[0]).toBeLessThan(1e-6);
    });
  });

  it('refuses shapes that do not fit', () => {
    tf.tidy(() => {
      const basis = drawBasis(2, 3, 1);
      expect(() => ops.causalMonarch(tf.zeros([1, 5, 2]), tf.zeros([5, 2]), basis)).toThrow(ShapeError);
      expect(() => ops.causalMonarch(tf.zeros([1, 5, 2]), tf.zeros([5, 2]), basis)).toThrow(
        'causalMonarch: L [2,2] and R [2,3,3] must be [m, m] and [m, n, n], as x is [1,5,2], [batch, n m, channels]',
      );
      expect(() => ops.causalMonarch(tf.zeros([1, 6, 2]), tf.zeros([5, 2]), basis)).toThrow(
        'kernel [5,2] must be [6, 2]',
      );
    });
  });
});
