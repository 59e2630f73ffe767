import * as tf from '@tensorflow/tfjs';
import {inference, longConvolution, Random, ShapeError} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type Basis, layers, ops} from '../src';

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

describe('a sequence mixer', () => {
  const options = {maxSequenceLength: 8, filterSize: 4};
  const x = () => draw([1, 5, 4], 1, 'x');

  it('is left alone by padding before a sequence', () => {
    const layer = layers.sequenceMixer(options);
    tf.tidy(() => {
      const sequence = x();
      const alone = layer.apply(sequence) as tf.Tensor;
      const padded = tf.concat([draw([1, 2, 4], 2, 'padding'), sequence], 1);
      const attentionMask = tf.tensor2d([[0, 0, 1, 1, 1, 1, 1]]);
      const behind = layer.forward(padded, {...inference, attentionMask}).slice([0, 2, 0]);
      expect(behind.sub(alone).abs().max().dataSync()[0]).toBeLessThan(1e-6);
    });
    layer.dispose();
  });

  it('says what cannot be done', () => {
    const [ahead, inBasis] = [{bidirectional: true}, {basisBlock: 4}].map((more) =>
      layers.sequenceMixer({...options, ...more, name: 'mixer'}),
    );
    tf.tidy(() => {
      expect(() => ahead.stream(x())).toThrow('mixer/convolution: looks ahead, so it cannot be fed in pieces');
      inBasis.apply(x());
      const attentionMask = tf.ones([1, 5]);
      expect(() => inBasis.forward(x(), {...inference, attentionMask})).toThrow('sequences cannot be padded');
      expect(() => ahead.apply(tf.zeros([1, 9, 4]))).toThrow(ShapeError);
    });
    const odd = layers.sequenceMixer({...options, basisBlock: 3, name: 'odd'});
    expect(() => odd.apply(tf.input({shape: [5, 4]}))).toThrow(
      'odd/convolution: basisBlock 3 must divide maxSequenceLength 8',
    );
    for (const weight of odd.weights) weight.dispose();
    ahead.dispose();
    inBasis.dispose();
  });
});
