import * as tf from '@tensorflow/tfjs';
import {Random, ShapeError} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {layers, ops} from '../src';

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

  it('refuses factors that do not fit', () => {
    tf.tidy(() => {
      const wrong = () => ops.monarch(tf.zeros([1, 4]), tf.zeros([2, 3, 2]), tf.zeros([2, 2, 2]));
      expect(wrong).toThrow(ShapeError);
      expect(wrong).toThrow('monarch: the first factor [2,3,2] gives 6 features, but the second [2,2,2] reads 4');
    });
  });
});

describe('layers of structured matrices', () => {
  it('train in a tf.sequential', async () => {
    const model = tf.sequential({
      layers: [
        layers.blockDiagonalLinear({units: 10, numBlocks: 4, inputShape: [6]}),
        layers.monarchLinear({units: 6, numBlocks: 2}),
        layers.blockDiagonalLinear({units: 4, numBlocks: 3, shuffle: true, useBias: false}),
        layers.monarchLinear({units: 8, numBlocks: 4, useBias: false}),
      ],
    });
    const before = model.getWeights().map((weight) => weight.dataSync().slice());
    expect(model.countParams()).toBe(
      4 * 3 * 2 + 10 + (2 * 3 * 5 + 2 * 3 * 3 + 6) + 3 * 2 * 2 + (4 * 1 * 1 + 4 * 2 * 1),
    );
    const [x, y] = [tf.randomNormal([3, 6], 0, 1, 'float32', 1), tf.ones([3, 8])];
    model.compile({optimizer: 'sgd', loss: 'meanSquaredError'});
    await model.fit(x, y, {verbose: 0});
    for (const [i, weight] of model.getWeights().entries()) expect(weight.dataSync()).not.toEqual(before[i]);
    model.dispose();
    tf.dispose([x, y]);
  });

  it('give outputs that vary as those of a dense layer do', () => {
    const x = tf.randomNormal([200, 48], 0, 1, 'float32', 1);
    for (const layer of [
      layers.blockDiagonalLinear({units: 48, numBlocks: 4, useBias: false}),
      layers.monarchLinear({units: 48, numBlocks: 4, useBias: false}),
    ]) {
      const variance = tf.tidy(() => (layer.apply(x) as tf.Tensor).square().mean().dataSync()[0]);
      // PyTorch's uniform distribution: 1 / 3.
      expect(variance).toBeGreaterThan(0.2);
      expect(variance).toBeLessThan(0.5);
      layer.dispose();
    }
    x.dispose();
  });

  it('refuse sizes that do not fit', () => {
    const input = tf.input({shape: [7]});
    expect(() => layers.monarchLinear({units: 4, numBlocks: 2, name: 'm'}).apply(input)).toThrow(
      'm: numBlocks = 2 must divide the 7 features of the input and 4 units',
    );
    expect(() => layers.blockDiagonalLinear({units: 4, numBlocks: 2, shuffle: true, name: 'b'}).apply(input)).toThrow(
      'b: 7 features cannot be dealt out to numBlocks = 2 evenly',
    );
  });
});
