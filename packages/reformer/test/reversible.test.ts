import * as tf from '@tensorflow/tfjs';
import {Random} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {layers, ops, reformer} from '../src';

const distance = (a: tf.Tensor, b: tf.Tensor) => tf.tidy(() => a.sub(b).abs().max().dataSync()[0]);
const draw = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

describe('a stack of reversible blocks', () => {
  it('has the gradient of the same blocks one by one, with dropout and hashes that are drawn once', () => {
    tf.tidy(() => {
      const block = {numHeads: 2, headSize: 3, intermediateSize: 7, chunkLength: 4, normEpsilon: 1e-5, dropout: 0.3};
      const stack = layers.reversibleStack({
        name: 'stack',
        blocks: [
          {...block, attentionType: 'lsh', numBuckets: 4, numHashes: 2, causal: true},
          {...block, attentionType: 'local', causal: true},
        ],
      });
      const x = draw([2, 10, 4], 1);
      const probe = draw([2, 10, 8], 2);
      stack.apply(x);
      const options = () => ({training: true, random: new Random(5)});
      const whole = (input: tf.Tensor) => stack.forward(input, options()).mul(probe).sum() as tf.Scalar;
      const traced = (input: tf.Tensor) => {
        const last = stack.trace(input, options()).at(-1);
        return tf
          .concat([last?.x1 as tf.Tensor, last?.x2 as tf.Tensor], -1)
          .mul(probe)
          .sum() as tf.Scalar;
      };
      expect(distance(tf.grad(whole)(x), tf.grad(traced)(x))).toBeLessThan(1e-4);
      stack.dispose();
    });
  });
});

describe('lengths that do not divide into chunks', () => {
  it('give what a longer sequence gives whose rest is masked', () => {
    tf.tidy(() => {
      const [q, k, v] = [1, 2, 3].map((seed) => draw([1, 2, 7, 3], seed));
      const longer = (x: tf.Tensor) => tf.concat([x, draw([1, 2, 2, 3], 9)], 2);
      const mask = tf.tensor2d([[1, 1, 1, 1, 1, 1, 1, 0, 0]]);
      const chunks = {chunkLength: 3, after: 1};
      const local = ops.localAttention(longer(q), longer(k), longer(v), {...chunks, mask});
      expect(distance(local.slice([0, 0, 0, 0], [-1, -1, 7, -1]), ops.localAttention(q, k, v, chunks))).toBeLessThan(
        1e-5,
      );
      const hash = {...chunks, numBuckets: 4, rotations: draw(ops.rotationShape(2, 3, 2, 4), 4)};
      const {output} = ops.lshAttention(longer(q), longer(v), {...hash, mask});
      expect(distance(output.slice([0, 0, 0, 0], [-1, -1, 7, -1]), ops.lshAttention(q, v, hash).output)).toBeLessThan(
        1e-5,
      );
    });
  });

  it('are no less for a model, down to one token', () => {
    const model = reformer({
      vocabSize: 5,
      hiddenSize: 8,
      numLayers: 2,
      numHeads: 2,
      lshChunkLength: 4,
      localChunkLength: 3,
    });
    tf.tidy(() => {
      for (const time of [1, 2, 5, 13]) expect(model.logits([new Array(time).fill(1)]).shape).toEqual([1, time, 5]);
    });
    model.dispose();
  });
});
