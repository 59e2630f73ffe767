import * as tf from '@tensorflow/tfjs';
import {Random} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {layers, ops} from '../src';

const shapes = fc.record({
  batch: fc.integer({min: 1, max: 2}),
  time: fc.integer({min: 1, max: 9}),
  width: fc.integer({min: 1, max: 6}),
  numHeads: fc.integer({min: 1, max: 4}),
  keySize: fc.integer({min: 1, max: 5}),
  valueSize: fc.integer({min: 1, max: 5}),
  seed: fc.nat(),
});
type Shape = typeof shapes extends fc.Arbitrary<infer S> ? S : never;

function drawn({batch, time, width, numHeads, keySize, valueSize, seed}: Shape) {
  const random = new Random(seed, 'mqa');
  const draw = (...shape: number[]) =>
    tf.tensor(
      Float32Array.from({length: tf.util.sizeFromShape(shape)}, () => random.normal()),
      shape,
    );
  return {
    x: draw(batch, time, width),
    weights: {
      queries: draw(numHeads, width, keySize),
      keys: draw(width, keySize),
      values: draw(width, valueSize),
      output: draw(numHeads, width, valueSize),
    },
  };
}

/** The listing of the paper, number by number: x itself is asked, each position those up to its own. */
function byHand({x, weights}: ReturnType<typeof drawn>): number[][][] {
  const [P_q, P_k, P_v, P_o] = [weights.queries, weights.keys, weights.values, weights.output].map((weight) =>
    weight.arraySync(),
  ) as [number[][][], number[][], number[][], number[][][]];
  const times = (row: number[], matrix: number[][]) =>
    matrix[0].map((_, j) => row.reduce((sum, value, i) => sum + value * matrix[i][j], 0));
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  return (x.arraySync() as number[][][]).map((rows) => {
    const K = rows.map((row) => times(row, P_k));
    const V = rows.map((row) => times(row, P_v));
    return rows.map((row, n) => {
      const heads = P_q.map((projection) => {
        const exps = K.slice(0, n + 1).map((key) => Math.exp(dot(times(row, projection), key)));
        const total = exps.reduce((sum, value) => sum + value, 0);
        return V[0].map((_, j) => exps.reduce((sum, value, m) => sum + (value / total) * V[m][j], 0));
      });
      return row.map((_, d) => heads.reduce((sum, head, h) => sum + dot(head, P_o[h][d]), 0));
    });
  });
}

function expectClose(actual: tf.Tensor, expected: tf.Tensor): void {
  expect(actual.shape).toEqual(expected.shape);
  const [distance] = tf.tidy(() => actual.sub(expected).abs().max().dataSync());
  const [size] = tf.tidy(() => expected.abs().max().dataSync());
  expect(distance).toBeLessThan(1e-4 * Math.max(1, size));
}

describe('multiQueryAttention', () => {
  it('is its definition', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        tf.tidy(() => {
          const {x, weights} = drawn(shape);
          const expected = tf.tensor3d(byHand({x, weights}));
          expectClose(ops.multiQueryAttention(x, x, weights, {causal: true}), expected);
        });
      }),
      {numRuns: 25},
    );
  });

  it('is the same in any pieces, which remember one key and one value of each position', () => {
    fc.assert(
      fc.property(shapes, fc.integer({min: 0, max: 9}), (shape, at) => {
        tf.tidy(() => {
          const {x, weights} = drawn(shape);
          const whole = ops.multiQueryAttentionStep(x, null, weights);
          const cut = Math.min(at, shape.time - 1);
          if (cut === 0) return;
          const [first, second] = tf.split(x, [cut, shape.time - cut], 1);
          const begun = ops.multiQueryAttentionStep(first, null, weights);
          const ended = ops.multiQueryAttentionStep(second, begun.memory, weights);
          expectClose(tf.concat([begun.output, ended.output], 1), whole.output);
          expect(ended.memory.keys.shape).toEqual([shape.batch, shape.time, shape.keySize]);
          expectClose(ended.memory.values, whole.memory.values);
        });
      }),
      {numRuns: 25},
    );
  });

  it('is what the layer computes with the same weights', () => {
    tf.tidy(() => {
      const shape = {batch: 2, time: 5, width: 6, numHeads: 3, keySize: 4, valueSize: 2, seed: 1};
      const {x, weights} = drawn(shape);
      const layer = layers.multiQueryAttention({
        ...{name: 'attention', numHeads: 3, headSize: 4, valueHeadSize: 2, useBias: false, scale: 1},
      });
      layer.apply(x);
      const side = (heads: tf.Tensor) => heads.transpose([1, 0, 2]).reshape([shape.width, -1]);
      const byRows = weights.output.transpose([0, 2, 1]).reshape([-1, shape.width]);
      layer.setWeights([side(weights.queries), weights.keys, weights.values, byRows]);
      expectClose(layer.apply(x) as tf.Tensor, ops.multiQueryAttention(x, x, weights, {causal: true}));
      layer.dispose();
    });
  });
});

describe('layers', () => {
  it('have one head of keys and values unless they are told otherwise', () => {
    tf.tidy(() => {
      const x = tf.zeros([1, 3, 8]);
      const keysOf = (options: {numKeyValueHeads?: number}) => {
        const made = [
          layers.multiQueryAttention({numHeads: 4, ...options}),
          layers.multiQueryCrossAttention({numHeads: 4, ...options}),
          layers.multiQueryBlock({attention: {numHeads: 4, ...options}, intermediateSize: 8}),
        ];
        return made.map((layer) => {
          layer.apply(x);
          const width = layer.weights.find(({originalName}) => originalName.endsWith('keys/kernel'))?.shape[1];
          layer.dispose();
          return width;
        });
      };
      expect(keysOf({})).toEqual([2, 2, 2]);
      expect(keysOf({numKeyValueHeads: 2})).toEqual([4, 4, 4]);
    });
  });
});
