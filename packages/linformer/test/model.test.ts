import * as tf from '@tensorflow/tfjs';
import {ConfigError, ShapeError} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {card, linformer, linformerClassifier} from '../src';

const small = {
  ...{vocabSize: 9, hiddenSize: 8, numLayers: 3, numHeads: 2, intermediateSize: 12},
  ...{maxSequenceLength: 12, compressedLength: 3, padToken: 1},
};
const distance = (a: tf.Tensor, b: tf.Tensor) => tf.tidy(() => a.sub(b).abs().max().dataSync()[0]);

describe('padding', () => {
  const tokens = [0, 5, 3, 4, 2];
  const padded = (count: number) => [[...tokens, ...Array(count).fill(1)]];

  it('leaves no trace, unless it is ignored as in the official code: then it counts how far a row is padded', () => {
    const masking = linformer(small);
    const ignoring = linformer({...small, masksPadding: false});
    // Weights at which differences show.
    tf.tidy(() => {
      const larger = masking.getWeights().map((weight) => weight.mul(4));
      for (const model of [masking, ignoring]) model.setWeights(larger);
      const outputs = (model: typeof masking, count: number) =>
        model.logits(padded(count)).slice([0, 0], [1, tokens.length]);
      for (const count of [1, 4]) expect(distance(outputs(masking, count), outputs(masking, 0))).toBeLessThan(1e-5);
      expect(distance(outputs(ignoring, 0), outputs(masking, 0))).toBe(0);
      expect(distance(outputs(ignoring, 1), outputs(ignoring, 4))).toBeGreaterThan(1e-4);
    });
    masking.dispose();
    ignoring.dispose();
  });

  it('is known by a mask as by its token', () => {
    const model = linformer({...small, padToken: null});
    tf.tidy(() => {
      const attentionMask = tf.tensor2d([[1, 1, 1, 1, 1, 0, 0]]);
      const masked = model.logits([[...tokens, 7, 8]], {attentionMask}).slice([0, 0], [1, tokens.length]);
      expect(distance(masked, model.logits([tokens]))).toBeLessThan(1e-5);
    });
    model.dispose();
  });
});

it('is not causal, so it has no generate', () => {
  const model = linformer(small);
  expect('generate' in model || 'stream' in model).toBe(false);
  expect(card.kinds).not.toContain('language-model');
  model.dispose();
});

it('has one compression where all layers share it, and trains it by all of them', () => {
  const model = linformer(small);
  const names = model.weights.map(({originalName}) => originalName).filter((name) => name.includes('compression'));
  expect(names).toEqual(['block_0/mixer/compression/keys']);
  model.dispose();
});

it('refuses longer texts than its matrices are for', () => {
  const model = linformer(small);
  const tokens = Array(13).fill(2);
  expect(model.contextLength).toBe(12);
  expect(() => model.logits([tokens])).toThrow(ShapeError);
  expect(() => model.logits([tokens])).toThrow('linformer: 13 tokens are more than maxSequenceLength 12; cut them');
  model.dispose();
});

it('draws matrices, those of compression too, with a deviation of 0.02, and none for padding', () => {
  const model = linformer({...small, hiddenSize: 64, maxSequenceLength: 256, compressedLength: 32});
  const of = (name: string) => model.weights.find(({originalName}) => originalName === name)?.read() as tf.Tensor;
  tf.tidy(() => {
    for (const name of ['block_0/mixer/compression/keys', 'block_2/mixer/queries/kernel', 'head/transform/kernel']) {
      const deviation = Math.sqrt(tf.moments(of(name)).variance.dataSync()[0]);
      expect(Math.abs(deviation / 0.02 - 1), name).toBeLessThan(0.1);
    }
    expect(of('embeddings/tokens/table').slice(1, 1).abs().max().dataSync()[0]).toBe(0);
  });
  model.dispose();
});

it('has fewer slots in each block where it is told so, one at least', () => {
  const model = linformer({...small, sharing: 'kv', compressedLength: 3, compressedLengthStep: 2});
  const shapes = model.weights.filter(({originalName}) => originalName.includes('compression')).map(({shape}) => shape);
  expect(shapes).toEqual([
    [3, 12],
    [1, 12],
    [1, 12],
  ]);
  model.dispose();
});

describe('a classifier', () => {
  it('has no logits of tokens unless it keeps the head for them', () => {
    const [plain, both] = [false, true].map((tokenHead) => linformerClassifier({...small, tokenHead}));
    tf.tidy(() => {
      expect(both.tokenLogits([[0, 3, 4]]).shape).toEqual([1, 3, 9]);
      expect(() => plain.tokenLogits([[0, 3, 4]])).toThrow(ConfigError);
      expect(() => plain.tokenLogits([[0, 3, 4]])).toThrow(
        'linformer-classifier: tokenHead is false, so that there are no logits of tokens; make it true',
      );
    });
    plain.dispose();
    both.dispose();
  });

  it('has the name of the package in its errors', () => {
    expect(() => linformerClassifier({vocabSize: 0})).toThrow(/^linformer-classifier: vocabSize is 0/);
    expect(() => linformer({vocabSize: 0})).toThrow(/^linformer: vocabSize is 0/);
  });
});
