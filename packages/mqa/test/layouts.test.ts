import * as tf from '@tensorflow/tfjs';
import {checkpointFiles, readSafetensors} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {fromPretrained, type MultiQuery, type MultiQueryConfig, type MultiQueryOptions, mqa} from '../src';
import {anyOptions} from './any-options';

const small = {vocabSize: 5, hiddenSize: 8, numLayers: 1, numHeads: 4, intermediateSize: 12, maxSequenceLength: 6};

async function saved(model: MultiQuery): Promise<{config: Record<string, unknown>; weights: Uint8Array}> {
  const files = await checkpointFiles(model);
  return {config: JSON.parse(files['config.json']), weights: files['model.safetensors']};
}

/** A small model's files with some fields of the configuration replaced; undefined removes one. */
async function filesWith(options: Partial<MultiQueryOptions>, fields: object = {}) {
  const model = mqa({...small, ...options});
  const {config, weights} = await saved(model);
  model.dispose();
  return {config: JSON.parse(JSON.stringify({...config, ...fields})), weights};
}

/** The configuration that files with such fields are read as. */
async function configWith(options: Partial<MultiQueryOptions>, fields: object): Promise<MultiQueryConfig> {
  const model = await fromPretrained(await filesWith(options, fields));
  model.dispose();
  return model.config;
}

const logitsOf = (model: MultiQuery) => tf.tidy(() => model.logits([0, 1, 2, 1]).dataSync());
const weightsOf = (model: MultiQuery) => model.weights.map((weight) => weight.read().dataSync());

describe('a layout', () => {
  it('keeps everything of any model: configuration, bits, names', async () => {
    await fc.assert(
      fc.asyncProperty(anyOptions, async (options) => {
        const model = mqa({...options, seed: 3});
        const files = await saved(model);
        const loaded = await fromPretrained(files);
        expect({...loaded.config, seed: 3}).toEqual(model.config);
        expect(loaded.layout.name).toBe(model.config.layout);
        expect(weightsOf(loaded)).toEqual(weightsOf(model));
        expect(logitsOf(loaded)).toEqual(logitsOf(model));
        expect(await saved(loaded)).toEqual(files);
        loaded.dispose();
        model.dispose();
      }),
      {numRuns: 30},
    );
  });

  it.each<[string, Partial<MultiQueryOptions>, object]>([
    ['GPTBigCode', {family: 'gptBigCode'}, {multi_query: true, activation_function: 'gelu_pytorch_tanh'}],
    ['GPTBigCode without multi-query', {family: 'gptBigCode', numKeyValueHeads: 4}, {multi_query: false}],
    ['LLaMA', {numKeyValueHeads: 2}, {num_key_value_heads: 2, model_type: 'llama'}],
    ['Mistral', {window: 4}, {sliding_window: 4, model_type: 'mistral', architectures: ['MistralForCausalLM']}],
    ['Mistral without a window', {layout: 'mistral'}, {sliding_window: null, model_type: 'mistral'}],
    ['Meta', {layout: 'meta', maxSequenceLength: null}, {n_kv_heads: 1}],
  ])('%s adds nothing to what its authors have fields for', async (_, options, fields) => {
    const {config} = await filesWith(options);
    expect(config).toMatchObject(fields);
    expect(config).not.toHaveProperty('variants');
  });

  it('names in its configuration what its authors have no field for', async () => {
    const {config} = await filesWith({family: 'gptBigCode', numKeyValueHeads: 2});
    expect(config).toMatchObject({multi_query: true, variants: {numKeyValueHeads: 2}});
  });

  it('of GPTBigCode without multi-query has queries, keys and values head by head', async () => {
    const model = mqa({...small, family: 'gptBigCode', numKeyValueHeads: 4});
    // Row r of ours is the number r: 8 rows of queries, 8 of keys, 8 of values, two to a head.
    const bias = model.weights.find(({originalName}) => originalName === 'block_0/mixer/projections/bias');
    tf.tidy(() => {
      bias?.write(tf.range(0, 24));
    });
    const {tensors} = readSafetensors((await saved(model)).weights);
    const rows = [...tensors['transformer.h.0.attn.c_attn.bias'].data];
    expect(rows.slice(0, 12)).toEqual([0, 1, 8, 9, 16, 17, 2, 3, 10, 11, 18, 19]);
    model.dispose();
  });
});

describe('a configuration of others', () => {
  it.each<[string, Partial<MultiQueryOptions>, object, Partial<MultiQueryConfig>]>([
    [
      'LLaMA without heads of keys has all of them',
      {numKeyValueHeads: 4},
      {num_key_value_heads: undefined},
      {numKeyValueHeads: 4},
    ],
    ['LLaMA with none said too', {numKeyValueHeads: 4}, {num_key_value_heads: null}, {numKeyValueHeads: 4}],
    ['Mistral without a window has its own default', {window: 4}, {sliding_window: undefined}, {window: 4096}],
    ['Mistral with null has none', {window: 4}, {sliding_window: null}, {window: null, layout: 'mistral'}],
    [
      'Mistral with layers of one type that have no window',
      {window: 4},
      {layer_types: ['full_attention']},
      {window: null},
    ],
    ['Mistral with layers of one type that have', {window: 4}, {layer_types: ['sliding_attention']}, {window: 4}],
    [
      'Mistral without heads of keys',
      {window: 4, numHeads: 8, headSize: 2, numKeyValueHeads: 8},
      {num_key_value_heads: undefined},
      {numKeyValueHeads: 8},
    ],
    ['LLaMA does not know windows', {}, {sliding_window: 4}, {window: null}],
    [
      'Meta without heads of keys has all of them',
      {layout: 'meta', numKeyValueHeads: 4},
      {n_kv_heads: undefined},
      {numKeyValueHeads: 4},
    ],
    [
      'GPTBigCode without a word on it is multi-query',
      {family: 'gptBigCode'},
      {multi_query: undefined},
      {numKeyValueHeads: 1},
    ],
    [
      'GPTBigCode with the default activation',
      {family: 'gptBigCode'},
      {activation_function: undefined},
      {activation: 'geluTanh'},
    ],
    [
      'GPTBigCode with no width of its own',
      {family: 'gptBigCode', intermediateSize: 32},
      {n_inner: null},
      {intermediateSize: 32},
    ],
  ])('%s', async (_, options, fields, expected) => {
    expect(await configWith(options, fields)).toMatchObject(expected);
  });

  it('is changed on request, in another layout of its pairing', async () => {
    const model = await fromPretrained(await filesWith({numKeyValueHeads: 2}), {
      config: {layout: 'mistral', window: 3},
    });
    expect(model.layout.name).toBe('mistral');
    expect((await saved(model)).config).toMatchObject({model_type: 'mistral', sliding_window: 3});
    model.dispose();
  });
});
