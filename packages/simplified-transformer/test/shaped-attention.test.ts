import * as tf from '@tensorflow/tfjs';
import {inference, Random} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {blocks, layers, type MeanMemory, ops, simplifiedTransformer} from '../src';

const shapes = fc.record({
  batch: fc.integer({min: 1, max: 2}),
  time: fc.integer({min: 1, max: 9}),
  heads: fc.integer({min: 1, max: 3}),
  size: fc.integer({min: 1, max: 4}),
  seed: fc.nat(),
});

function drawn(shape: number[], seed: number, name: string): tf.Tensor {
  const random = new Random(seed, name);
  return tf.tensor(
    Float32Array.from({length: tf.util.sizeFromShape(shape)}, () => random.normal()),
    shape,
  );
}

const distance = (a: tf.Tensor, b: tf.Tensor) => tf.tidy(() => a.sub(b).abs().max().dataSync()[0]);

/** The matrix β A + α I - γ U of each head, built. */
function definition(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, gains: tf.Tensor[], cap: boolean): tf.Tensor {
  const byHead = (x: tf.Tensor) => x.transpose([0, 2, 1, 3]);
  const [time, size] = [q.shape[1] as number, q.shape[3] as number];
  let scores: tf.Tensor = tf.matMul(byHead(q), byHead(k), false, true).div(Math.sqrt(size));
  if (cap) scores = scores.div(30).tanh().mul(30);
  const seen = tf.linalg.bandPart(tf.ones([time, time]), -1, 0);
  const causal = (x: tf.Tensor) => tf.where(seen.toBool().broadcastTo(x.shape), x, Number.NEGATIVE_INFINITY).softmax();
  const [softmax, identity, centre] = gains.map((gain) => gain.reshape([-1, 1, 1]));
  const uniform = causal(tf.zeros([1, 1, time, time]));
  const matrix = causal(scores).mul(softmax).add(tf.eye(time).mul(identity)).sub(uniform.mul(centre));
  return byHead(tf.matMul(matrix, byHead(v)));
}

describe('shapedAttention', () => {
  it('is its definition, gradients too', () => {
    fc.assert(
      fc.property(shapes, fc.boolean(), ({batch, time, heads, size, seed}, capScores) => {
        tf.tidy(() => {
          const inputs = ['q', 'k', 'v'].map((name) => drawn([batch, time, heads, size], seed, name));
          const gains = ['softmax', 'identity', 'centre'].map((name) => drawn([heads], seed, name));
          const probe = drawn([batch, time, heads, size], seed, 'probe');
          const ours = (...all: tf.Tensor[]) => {
            const [q, k, v, softmax, identity, centre] = all;
            return ops.shapedAttention(q, k, v, {softmax, identity, centre}, {capScores});
          };
          const theirs = (...[q, k, v, ...g]: tf.Tensor[]) => definition(q, k, v, g, capScores);
          const [actual, expected] = [ours, theirs].map((run) => [
            run(...inputs, ...gains),
            ...tf.grads((...all) =>
              run(...all)
                .mul(probe)
                .sum(),
            )([...inputs, ...gains]),
          ]);
          actual.forEach((tensor, i) => {
            expect(distance(tensor, expected[i])).toBeLessThan(1e-4);
          });
        });
      }),
      {numRuns: 30},
    );
  });
});

describe('causalMeans', () => {
  it('streams the same in any pieces, and remembers the same', () => {
    fc.assert(
      fc.property(
        shapes,
        fc.array(fc.integer({min: 1, max: 4}), {minLength: 1}),
        ({batch, time, size, seed}, lengths) => {
          tf.tidy(() => {
            const v = drawn([batch, time, size], seed, 'v');
            const whole = ops.causalMeans(v);
            let memory: MeanMemory | null = null;
            const pieces: tf.Tensor[] = [];
            for (let start = 0, i = 0; start < time; i++) {
              const length = Math.min(lengths[i % lengths.length], time - start);
              const piece = ops.causalMeans(v.slice([0, start, 0], [-1, length, -1]), memory);
              pieces.push(piece.means);
              memory = piece.memory;
              start += length;
            }
            expect(distance(tf.concat(pieces, 1), whole.means)).toBeLessThan(1e-5);
            expect(distance((memory as unknown as MeanMemory).sum, whole.memory.sum)).toBeLessThan(1e-5);
          });
        },
      ),
      {numRuns: 30},
    );
  });

  it('does not count padding before the first token, but what is behind it', () => {
    tf.tidy(() => {
      const v = tf.tensor3d([[[7], [2], [4], [9]]]);
      const mask = tf.tensor2d([[0, 1, 1, 0]]);
      expect([...ops.causalMeans(v, null, mask).means.dataSync()]).toEqual([0, 2, 3, 5]);
    });
  });
});

describe('rootMeanSquareNorm', () => {
  it('has a gradient of finite numbers, at 0 too', () => {
    tf.tidy(() => {
      const x = tf.tensor2d([
        [0, 0, 0],
        [1, -2, 2],
      ]);
      const probe = tf.tensor2d([
        [1, 2, 3],
        [1, 2, 3],
      ]);
      const loss = (given: tf.Tensor) => ops.rootMeanSquareNorm(given, 0.5).mul(probe).sum() as tf.Scalar;
      const gradient = tf.grad(loss)(x).arraySync() as number[][];
      // r = sqrt(3): dx = g / (r + ε) - x mean(g x) / (r (r + ε)²), and at 0 the first term alone.
      const shifted = Math.sqrt(3) + 0.5;
      const expected = [1, 2, 3].map((g, i) => g / shifted - ([1, -2, 2][i] * 1) / (Math.sqrt(3) * shifted ** 2));
      expect(gradient[0]).toEqual([2, 4, 6]);
      gradient[1].forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i], 5);
      });
    });
  });
});

describe('a block at first', () => {
  it.each(['sas', 'sasParallel', 'reparameterised'] as const)('%s has attention that is the identity', (form) => {
    tf.tidy(() => {
      const model = simplifiedTransformer({vocabSize: 8, hiddenSize: 8, numHeads: 2, numLayers: 3, ...blocks[form]});
      const block = layers.simplifiedBlock({...blocks[form], numHeads: 2, layer: 1, numLayers: 3});
      const x = drawn([2, 7, 8], 1, 'x');
      block.apply(x);
      const attention = layers.shapedAttention({numHeads: 2});
      expect(distance(attention.apply(x) as tf.Tensor, x)).toBeLessThan(1e-6);
      const uniform = block.probabilities(x, inference);
      expect(distance(uniform.slice([0, 0, 6, 0], [1, 1, 1, 7]), tf.fill([1, 1, 1, 7], 1 / 7))).toBeLessThan(1e-6);
      model.dispose();
      block.dispose();
      attention.dispose();
    });
  });

  it('has orthogonal values with Value-SkipInit', () => {
    const model = simplifiedTransformer({vocabSize: 8, hiddenSize: 16, numLayers: 1, ...blocks.vSkipInit});
    tf.tidy(() => {
      for (const name of ['values', 'output']) {
        const kernel = model.weights.find((weight) => weight.originalName === `block_0/mixer/${name}/kernel`);
        const W = kernel?.read() as tf.Tensor2D;
        expect(distance(tf.matMul(W, W, false, true), tf.eye(16))).toBeLessThan(1e-6);
      }
    });
    model.dispose();
  });
});

describe('dropout', () => {
  it('acts on the whole matrix: its mean over many draws is the matrix', () => {
    const attention = layers.shapedAttention({numHeads: 1, dropout: 0.5, queryStd: 1, keyStd: 1});
    tf.tidy(() => {
      const x = drawn([1, 5, 4], 2, 'x');
      const without = attention.apply(x) as tf.Tensor;
      const random = new Random(3);
      const draws = Array.from({length: 4000}, () => attention.forward(x, {training: true, random}));
      expect(distance(tf.stack(draws).mean(0), without)).toBeLessThan(0.15);
      expect(distance(draws[0], without)).toBeGreaterThan(0.1);
    });
    attention.dispose();
  });
});
