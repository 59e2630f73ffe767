import * as tf from '@tensorflow/tfjs';
import {Random, ShapeError} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ops} from '../src';
import {swapGroups} from '../src/monarch';

const draw = (shape: number[], seed: number, name: string) => {
  const random = new Random(seed, name);
  const size = shape.reduce((product, n) => product * n, 1);
  return {shape, data: Array.from({length: size}, () => Math.fround(random.normal()))};
};
type Plain = ReturnType<typeof draw>;
const toTensor = ({shape, data}: Plain) => tf.tensor(data, shape);

/** Index by index as in the docstring, in double precision. */
function definition(x: Plain, first: Plain, second: Plain): number[] {
  const [k, q, p] = first.shape;
  const [l, s, r] = second.shape;
  const h = (row: number, index: number) => {
    const [block, output] = [Math.floor(index / q), index % q];
    let sum = 0;
    for (let i = 0; i < p; i++) sum += first.data[(block * q + output) * p + i] * x.data[row * k * p + block * p + i];
    return sum;
  };
  return Array.from({length: (x.data.length / (k * p)) * l * s}, (_, place) => {
    const [row, index] = [Math.floor(place / (l * s)), place % (l * s)];
    const [output, block] = [Math.floor(index / l), index % l];
    let sum = 0;
    for (let i = 0; i < r; i++) sum += second.data[(block * s + output) * r + i] * h(row, i * l + block);
    return sum;
  });
}

const expectClose = (actual: ArrayLike<number>, wanted: ArrayLike<number>, tolerance = 1e-5) => {
  expect(actual.length).toBe(wanted.length);
  const largest = Array.from(wanted).reduce((most, x) => Math.max(most, Math.abs(x)), 1);
  for (let i = 0; i < wanted.length; i++)
    expect(Math.abs(actual[i] - wanted[i])).toBeLessThanOrEqual(tolerance * largest);
};

describe('monarch', () => {
  it('is what its definition gives, on any shape', () => {
    const size = fc.integer({min: 1, max: 4});
    fc.assert(
      fc.property(size, size, size, size, fc.constantFrom(1, 2, 3), fc.nat(), (blocks, p, s, rows, scale, seed) => {
        const [l, r] = [blocks, scale];
        // l r = k q, where k is the number of blocks.
        const [x, first, second] = [
          draw([rows, blocks * p], seed, 'x'),
          draw([blocks, scale, p], seed, 'first'),
          draw([l, s, r], seed, 'second'),
        ];
        tf.tidy(() => {
          const [firstFactor, secondFactor] = [first, second].map((each) => toTensor(each) as tf.Tensor3D);
          const y = ops.monarch(toTensor(x), firstFactor, secondFactor);
          expect(y.shape).toEqual([rows, l * s]);
          expectClose(y.dataSync(), definition(x, first, second));
        });
      }),
      {numRuns: 30},
    );
  });

  it('holds the Fourier transform, with a permutation before it', () => {
    for (const [n1, n2] of [
      [1, 3],
      [2, 1],
      [2, 4],
      [3, 5],
    ]) {
      const N = n1 * n2;
      // Index i, j of each block is exp(-2 πi turns(block, i, j)); the second factor has the twiddles in it.
      const wave = (part: (angle: number) => number, shape: number[], turns: (...index: number[]) => number) => {
        const [, rows, columns] = shape;
        const angle = (place: number) => {
          const block = Math.floor(place / (rows * columns));
          return -2 * Math.PI * turns(block, Math.floor(place / columns) % rows, place % columns);
        };
        const size = shape.reduce((product, n) => product * n, 1);
        return tf.tensor3d(
          Float32Array.from({length: size}, (_, place) => part(angle(place))),
          shape as [number, number, number],
        );
      };
      const first = (part: (angle: number) => number) => wave(part, [n2, n1, n1], (_, k, a) => (k * a) / n1);
      const second = (part: (angle: number) => number) =>
        wave(part, [n1, n2, n2], (k, l, b) => (l * b) / n2 + (k * b) / N);
      tf.tidy(() => {
        const x = toTensor(draw([2, N], N, 'x'));
        const product = (R: tf.Tensor3D, L: tf.Tensor3D) => ops.monarch(swapGroups(x, n1), R, L);
        const {cos, sin} = Math;
        const real = product(first(cos), second(cos)).sub(product(first(sin), second(sin)));
        const imaginary = product(first(cos), second(sin)).add(product(first(sin), second(cos)));
        const wanted = tf.spectral.fft(tf.complex(x, tf.zerosLike(x)));
        expectClose(real.dataSync(), tf.real(wanted).dataSync());
        expectClose(imaginary.dataSync(), tf.imag(wanted).dataSync());
      });
    }
  });

  it('refuses factors that do not fit', () => {
    tf.tidy(() => {
      const wrong = () => ops.monarch(tf.zeros([1, 4]), tf.zeros([2, 3, 2]), tf.zeros([2, 2, 2]));
      expect(wrong).toThrow(ShapeError);
      expect(wrong).toThrow('monarch: the first factor [2,3,2] gives 6 features, but the second [2,2,2] reads 4');
    });
  });
});
