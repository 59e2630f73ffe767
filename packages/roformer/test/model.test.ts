import * as tf from '@tensorflow/tfjs';
import {ShapeError} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {type RoFormerMasked, roformer, roformerClassifier, roformerMasked} from '../src';

const wide = {vocabSize: 50, hiddenSize: 64, numLayers: 4, numHeads: 2, intermediateSize: 128};
const small = {vocabSize: 9, hiddenSize: 8, numLayers: 1, numHeads: 2, intermediateSize: 8};

/** The standard deviation of a weight. */
function deviationOf(model: tf.LayersModel, name: string): number {
  const weight = model.weights.find(({originalName}) => originalName === name) as tf.LayerVariable;
  return Math.sqrt(tf.tidy(() => tf.moments(weight.read()).variance.dataSync()[0]));
}

describe('first weights', () => {
  it('are normal with a deviation of 0.02, in all matrices and tables', () => {
    const model = roformer({...wide, pooler: 'identity', embeddingSize: 48});
    const names = [
      'embeddings/tokens/table',
      'projection/kernel',
      'block_3/mixer/queries/kernel',
      'head/transform/kernel',
    ];
    for (const name of [...names, 'block_0/feed_forward/down/kernel', 'pooler/dense/kernel'])
      expect(Math.abs(deviationOf(model, name) / 0.02 - 1), name).toBeLessThan(0.1);
    model.dispose();
  });

  it("are RoFormer-V2's by width and depth", () => {
    const model = roformerMasked({...wide, norm: 'rms'});
    const expected = (width: number) => 1.13684723 / Math.sqrt(width * wide.numLayers);
    const widths = {
      'embeddings/tokens/table': 64,
      'block_0/mixer/output/kernel': 64,
      'block_1/feed_forward/up/kernel': 64,
      'block_2/feed_forward/down/kernel': 128,
    };
    for (const [name, width] of Object.entries(widths))
      expect(Math.abs(deviationOf(model, name) / expected(width) - 1), name).toBeLessThan(0.1);
    model.dispose();
  });
});

describe('an encoder', () => {
  const tokens = [[1, 2, 3, 4, 5]];
  const withModel = (body: (model: RoFormerMasked) => void) => {
    const model = roformerMasked({...small, typeVocabSize: 2, maxSequenceLength: 6});
    tf.tidy(() => body(model));
    model.dispose();
  };

  it('tells kinds of tokens apart, and orders', () =>
    withModel((model) => {
      const plain = model.encode(tokens).dataSync();
      expect(model.encode(tokens, {tokenTypes: [[0, 0, 0, 0, 0]]}).dataSync()).toEqual(plain);
      expect(model.encode(tokens, {tokenTypes: [[0, 0, 1, 1, 1]]}).dataSync()).not.toEqual(plain);
      const [turned] = model
        .encode([[5, 4, 3, 2, 1]])
        .slice([0, 2], [1, 1])
        .reshape([1, -1])
        .arraySync() as number[][];
      expect(turned).not.toEqual([...plain.slice(16, 24)]);
    }));

  it('looks at no padding, by its token or by a mask', () =>
    withModel((model) => {
      const [weights] = model.attentions([[1, 2, 3, 0, 0]]);
      expect(weights.shape).toEqual([1, 2, 5, 5]);
      expect(weights.slice([0, 0, 0, 3]).abs().max().dataSync()[0]).toBe(0);
      for (const sum of weights.sum(-1).dataSync()) expect(sum).toBeCloseTo(1, 5);
      const attentionMask = tf.tensor2d([[1, 1, 1, 0, 0]]);
      const [masked] = model.attentions(tokens, {attentionMask});
      expect(masked.slice([0, 0, 0, 3]).abs().max().dataSync()[0]).toBe(0);
    }));

  it('refuses longer texts than its configuration says, as a causal model does', () =>
    withModel((model) => {
      expect(() => model.logits([[1, 2, 3, 4, 5, 6, 7]])).toThrow(ShapeError);
      expect(() => model.logits([[1, 2, 3, 4, 5, 6, 7]])).toThrow(
        '7 tokens are more than maxSequenceLength 6; cut them',
      );
      const causal = roformer({...small, maxSequenceLength: 3});
      expect(causal.contextLength).toBe(3);
      expect(() => causal.logits([[1, 2, 3, 4]])).toThrow('a sequence of 4 tokens is longer than maxSequenceLength 3');
      causal.dispose();
    }));
});

it('classifies by the first token, which sees all', () => {
  const model = roformerClassifier({...small, numLabels: 2});
  tf.tidy(() => {
    const logits = (tokens: number[]) => model.logits([tokens]).dataSync();
    expect(logits([1, 2, 3])).not.toEqual(logits([1, 2, 4]));
    expect(
      model
        .logits([[1, 2, 3, 0]])
        .sub(model.logits([[1, 2, 3]]))
        .abs()
        .max()
        .dataSync()[0],
    ).toBeLessThan(1e-5);
  });
  model.dispose();
});
