import * as tf from '@tensorflow/tfjs';
import {ConfigError, LanguageModel, transformerStages, transformerStyles} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {type MultiQuery, type MultiQueryConfig, type MultiQueryOptions, meanPoolKeyValueHeads, mqa, ops} from '../src';

const small = {
  ...{vocabSize: 9, hiddenSize: 16, numLayers: 2, numHeads: 4, numKeyValueHeads: 4, intermediateSize: 12},
  maxSequenceLength: 8,
};

const forms: [string, Partial<MultiQueryOptions>][] = [
  ['LLaMA', {attentionBias: true, seed: 4}],
  ['LLaMA of Meta', {layout: 'meta', tieEmbedding: true}],
  ['Mistral', {layout: 'mistral', window: 3, headSize: 6}],
  ['Mistral without a window', {layout: 'mistral'}],
  ['GPTBigCode', {family: 'gptBigCode', dropout: 0.1}],
  ['GPTBigCode without biases', {family: 'gptBigCode', attentionBias: false, normBias: false}],
];

const logitsOf = (model: MultiQuery) => tf.tidy(() => model.logits([[1, 2, 3, 4, 8, 0]]).dataSync());
const largest = (values: ArrayLike<number>) => Math.max(...Array.from(values, Math.abs));

/** Gives every head of keys and values of a group the same weights, so that a mean changes nothing. */
function withEqualHeads(model: MultiQuery, numGroups: number): void {
  const {numHeads, headSize, numKeyValueHeads} = model.config;
  const repeated = (heads: tf.Tensor) => {
    const first = heads.reshape([-1, numGroups, numKeyValueHeads / numGroups, headSize]).slice([0, 0, 0], [-1, -1, 1]);
    return tf.tile(first, [1, 1, numKeyValueHeads / numGroups, 1]).reshape(heads.shape);
  };
  const changed = (name: string, values: tf.Tensor) => {
    if (/(keys|values)\//.test(name)) return repeated(values);
    if (!name.includes('projections/')) return values;
    const widths = [numHeads, numKeyValueHeads, numKeyValueHeads].map((heads) => heads * headSize);
    const [queries, keys, heads] = tf.split(values, widths, -1);
    return tf.concat([queries, repeated(keys), repeated(heads)], -1);
  };
  for (const weight of model.weights)
    tf.tidy(() => {
      const {originalName: name} = weight;
      weight.write(changed(name, tf.randomNormal(weight.shape as number[], 0, 0.5, 'float32', name.length)));
    });
}

describe.each(forms)('meanPoolKeyValueHeads of %s', (_, options) => {
  it.each([1, 2, 4])('to %d changes nothing where the heads of a group are equal', (numKeyValueHeads) => {
    const model = mqa({...small, ...options});
    withEqualHeads(model, numKeyValueHeads);
    const pooled = meanPoolKeyValueHeads(model, {numKeyValueHeads});
    expect(pooled.config).toEqual({...model.config, numKeyValueHeads});
    const [before, after] = [logitsOf(model), logitsOf(pooled)];
    expect(largest(before.map((value, i) => value - after[i]))).toBeLessThan(1e-5 * largest(before));
    pooled.dispose();
    model.dispose();
  });

  it('leaves the model as it was, and no tensors beside the weights', () => {
    const model = mqa({...small, ...options});
    const before = logitsOf(model);
    const tensors = tf.memory().numTensors;
    const pooled = meanPoolKeyValueHeads(model, {numKeyValueHeads: 2});
    expect(tf.memory().numTensors).toBe(tensors + pooled.weights.length);
    expect(logitsOf(pooled)).not.toEqual(before);
    pooled.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
    expect(() => meanPoolKeyValueHeads(model, {numKeyValueHeads: 3})).toThrow(ConfigError);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(logitsOf(model)).toEqual(before);
    model.dispose();
  });

  it('in two steps is the same as in one', () => {
    const model = mqa({...small, ...options});
    const half = meanPoolKeyValueHeads(model, {numKeyValueHeads: 2});
    const [twice, once] = [half, model].map((each) => meanPoolKeyValueHeads(each, {numKeyValueHeads: 1}));
    const [a, b] = [logitsOf(twice), logitsOf(once)];
    expect(largest(a.map((value, i) => value - b[i]))).toBeLessThan(1e-5 * largest(b));
    for (const each of [model, half, twice, once]) each.dispose();
  });
});

/** LLaMA's parts with ALiBi in place of rotary positions: the same weights, another function. */
class WithAlibi extends LanguageModel<MultiQueryConfig> {
  override layout: MultiQuery['layout'];
  constructor({config, layout}: MultiQuery) {
    super(config, transformerStages(config, {...transformerStyles.llama, positions: 'alibi'}), {name: 'alibi'});
    this.layout = layout;
  }
}

describe('meanPoolKeyValueHeads', () => {
  it('refuses a model that computes something else with the same weights, and leaves nothing behind', () => {
    const model = mqa(small);
    const other = new WithAlibi(model);
    const tensors = tf.memory().numTensors;
    expect(() => meanPoolKeyValueHeads(other, {numKeyValueHeads: 2})).toThrow(
      "meanPoolKeyValueHeads: the model alibi has other parts than GPT-2's or LLaMA's, which alone can be made grouped",
    );
    expect(tf.memory().numTensors).toBe(tensors);
    other.dispose();
    model.dispose();
  });

  it('takes a model that is not trained as a whole', () => {
    const model = mqa(small);
    for (const layer of model.layers) layer.trainable = false;
    const pooled = meanPoolKeyValueHeads(model, {numKeyValueHeads: 1});
    expect(pooled.trainableWeights).toHaveLength(pooled.weights.length);
    pooled.dispose();
    model.dispose();
  });
});

describe('meanPoolHeads', () => {
  it('takes the mean of consecutive heads, of matrices and of biases', () => {
    tf.tidy(() => {
      const bias = tf.tensor1d([1, 2, 3, 4, 5, 6, 7, 8]);
      expect(ops.meanPoolHeads(bias, 4, 2).arraySync()).toEqual([2, 3, 6, 7]);
      const matrix = tf.stack([bias, bias.mul(2)]);
      expect(ops.meanPoolHeads(matrix, 4, 1).arraySync()).toEqual([
        [4, 5],
        [8, 10],
      ]);
    });
  });
});
