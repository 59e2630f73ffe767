import * as tf from '@tensorflow/tfjs';
import {Random} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ops} from '../src';

const drawn = (shape: number[], seed: number) => {
  const random = new Random(seed, 'drawn');
  return tf.tensor(
    Float32Array.from({length: tf.util.sizeFromShape(shape)}, () => random.normal()),
    shape,
  );
};

const sizes = fc.record({
  queries: fc.integer({min: 1, max: 6}),
  more: fc.integer({min: 0, max: 5}),
  heads: fc.integer({min: 1, max: 3}),
  batch: fc.integer({min: 1, max: 2}),
  seed: fc.nat(),
});

/** y[i, j] = x[i, T - 1 - i + j], element by element. */
const shiftedOneByOne = (x: tf.Tensor, queries: number, keys: number) =>
  tf.stack(
    Array.from({length: queries}, (_, i) => {
      const row = x.slice([0, 0, i, queries - 1 - i], [-1, -1, 1, keys]);
      return row.squeeze([2]);
    }),
    2,
  );

describe('relativeShift', () => {
  it('puts the product of each distance to its key, with its gradient', () => {
    fc.assert(
      fc.property(sizes, ({queries, more, heads, batch, seed}) => {
        tf.tidy(() => {
          const keys = queries + more;
          const x = drawn([batch, heads, queries, keys + queries - 1], seed);
          const probe = drawn([batch, heads, queries, keys], seed + 1);
          const expected = shiftedOneByOne(x, queries, keys);
          expect(ops.relativeShift(x).shape).toEqual(expected.shape);
          expect([...ops.relativeShift(x).dataSync()]).toEqual([...expected.dataSync()]);
          const gradient = (f: (x: tf.Tensor) => tf.Tensor) =>
            tf
              .grad((y) => f(y).mul(probe).sum())(x)
              .dataSync();
          expect([...gradient(ops.relativeShift)]).toEqual([...gradient((y) => shiftedOneByOne(y, queries, keys))]);
        });
      }),
      {numRuns: 20},
    );
  });

  it('refuses fewer distances than queries need', () => {
    const x = tf.zeros([1, 1, 3, 4]);
    expect(() => ops.relativeShift(x)).toThrow(/has 4 distances, but must have 5 or more of 3 queries/);
    x.dispose();
  });
});

describe('relativeScores', () => {
  it('is (q_i + v) · r(i - j), with the distance above 0 where the key is to the left', () => {
    fc.assert(
      fc.property(sizes, ({queries, more, heads, batch, seed}) => {
        const keys = queries + more;
        const size = 4;
        const [q, v] = [drawn([batch, heads, queries, size], seed), drawn([heads, size], seed + 1)];
        const projection = drawn([heads * size, heads * size], seed + 2);
        const scores = tf.tidy(() => {
          const r = tf.matMul(ops.relativePositions(queries, keys, heads * size), projection);
          const positions = r.reshape([-1, heads, size]).transpose([1, 0, 2]);
          return ops.relativeScores(q, positions, v).arraySync();
        });
        const [qs, vs, w] = [q.arraySync(), v.arraySync(), projection.arraySync()] as [
          number[][][][],
          number[][],
          number[][],
        ];
        for (let b = 0; b < batch; b++)
          for (let h = 0; h < heads; h++)
            for (let i = 0; i < queries; i++)
              for (let j = 0; j < keys; j++) {
                const distance = more + i - j;
                const sinusoid = Array.from({length: heads * size}, (_, f) => {
                  const angle = distance * 10000 ** (-(f - (f % 2)) / (heads * size));
                  return f % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
                });
                const expected = vs[h].reduce((sum, bias, d) => {
                  const r = sinusoid.reduce((all, value, f) => all + value * w[f][h * size + d], 0);
                  return sum + (qs[b][h][i][d] + bias) * r;
                }, 0);
                expect(scores[b][h][i][j]).toBeCloseTo(expected, 3);
              }
        tf.dispose([q, v, projection]);
      }),
      {numRuns: 6},
    );
  });

  it('refuses positions of other heads', () => {
    const [q, r, v] = [tf.zeros([1, 2, 3, 4]), tf.zeros([3, 5, 4]), tf.zeros([2, 4])];
    expect(() => ops.relativeScores(q, r, v)).toThrow(/positions \[3,5,4\] must be \[heads, distances, size\]/);
    tf.dispose([q, r, v]);
  });
});

describe('relativePositions', () => {
  it('refuses more queries than keys', () => {
    expect(() => ops.relativePositions(4, 3, 8)).toThrow(/there are 4 queries, 3 keys/);
  });
});

describe('chunkMask', () => {
  it('lets a frame see its chunk and those before it, as many as wanted', () => {
    const anyMask = fc.record({
      queries: fc.integer({min: 1, max: 8}),
      before: fc.integer({min: 0, max: 4}),
      chunkSize: fc.integer({min: 1, max: 4}),
      leftChunks: fc.option(fc.integer({min: 0, max: 3})),
    });
    fc.assert(
      fc.property(anyMask, ({queries, before, chunkSize, leftChunks}) => {
        const keys = queries + before;
        const mask = tf.tidy(() => ops.chunkMask(queries, {chunkSize, leftChunks, keys}).arraySync());
        for (let i = 0; i < queries; i++)
          for (let s = 0; s < keys; s++) {
            const [own, other] = [Math.floor((before + i) / chunkSize), Math.floor(s / chunkSize)];
            const isSeen = other <= own && (leftChunks === null || other >= own - leftChunks);
            expect(mask[i][s]).toBe(Number(isSeen));
          }
      }),
      {numRuns: 30},
    );
  });

  it.each([
    [{chunkSize: 0}, /chunkSize is 0, but must be a whole number of at least 1/],
    [{chunkSize: 2, leftChunks: -1}, /leftChunks is -1, but must be a whole number of at least 0/],
    [{chunkSize: 2, keys: 3}, /keys is 3, but must be a whole number of at least 4/],
    [{chunkSize: 2, chunks: 3}, /unknown option chunks/],
  ])('refuses %o', (options, message) => {
    expect(() => ops.chunkMask(4, options as {chunkSize: number})).toThrow(message);
  });
});
