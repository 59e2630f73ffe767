import * as tf from '@tensorflow/tfjs';
import {ConfigError, checkpointFiles, type LanguageModel, type TransformerFields} from '@variants/core';
import {meanPoolKeyValueHeads, fromPretrained as mqaFromPretrained} from '@variants/mqa';
import {retnet} from '@variants/retnet';
import {fromPretrained, type TransformerOptions, transformer} from '@variants/transformer';
import {describe, expect, it} from 'vitest';

const small = {vocabSize: 9, hiddenSize: 16, numLayers: 2, numHeads: 4, intermediateSize: 12, maxSequenceLength: 8};

const forms: [layout: string, options: Partial<TransformerOptions>, pooledLayout: string][] = [
  ['gpt2', {family: 'gpt2'}, 'gptBigCode'],
  ['nanogpt', {family: 'gpt2', layout: 'nanogpt', normBias: false, attentionBias: false}, 'gptBigCode'],
  ['llama2c', {}, 'meta'],
  ['meta', {layout: 'meta', tieEmbedding: true}, 'meta'],
  ['huggingface', {layout: 'huggingface', attentionBias: true}, 'llama'],
  ['huggingface with a window', {layout: 'huggingface', window: 3, numKeyValueHeads: 4}, 'mistral'],
  [
    'huggingface, scaled',
    {layout: 'huggingface', ropeScaling: {type: 'yarn', factor: 2, originalMaxSequenceLength: 4}},
    'llama',
  ],
];

const logitsOf = (model: LanguageModel) => tf.tidy(() => model.logits([[1, 2, 3, 4, 8, 0]]).dataSync());

describe.each(forms)("a Transformer's checkpoint in layout %s", (_, options, layout) => {
  it('is made a grouped model, which is saved and loaded', async () => {
    const made = transformer({...small, ...options, seed: 5});
    const files = await checkpointFiles(made);
    made.dispose();
    const model = await fromPretrained({
      config: JSON.parse(files['config.json']),
      weights: files['model.safetensors'],
    });
    const whole = meanPoolKeyValueHeads(model, {numKeyValueHeads: 4});
    expect(logitsOf(whole)).toEqual(logitsOf(model));
    const pooled = meanPoolKeyValueHeads(model, {numKeyValueHeads: 2});
    expect(pooled.layout.name).toBe(layout);
    const saved = await checkpointFiles(pooled);
    const loaded = await mqaFromPretrained({
      config: JSON.parse(saved['config.json']),
      weights: saved['model.safetensors'],
    });
    expect(loaded.config.numKeyValueHeads).toBe(2);
    expect(logitsOf(loaded)).toEqual(logitsOf(pooled));
    for (const each of [model, whole, pooled, loaded]) each.dispose();
  });
});

it('a model without attention is refused in one line', () => {
  const model = retnet({vocabSize: 9, hiddenSize: 16, numLayers: 1, numHeads: 2});
  const pool = () => meanPoolKeyValueHeads(model as unknown as LanguageModel<TransformerFields>, {numKeyValueHeads: 1});
  expect(pool).toThrow(ConfigError);
  expect(pool).toThrow(/^meanPoolKeyValueHeads: the model \w+ has no heads of keys and values$/);
  model.dispose();
});
