import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {type Checkpoint, CheckpointError, checkpointFiles, openCheckpoint, saveCheckpoint} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {fromPretrained, type RopeScaling, type Transformer, type TransformerOptions, transformer} from '../src';
import {layouts} from '../src/checkpoints';
import {anyOptions} from './any-options';
import {withDirectory} from './temporary';

/** What saving a model gives: a source for `fromPretrained`. */
async function saved(model: Transformer): Promise<{config: Record<string, unknown>; weights: Uint8Array}> {
  const files = await checkpointFiles(model);
  return {config: JSON.parse(files['config.json']), weights: files['model.safetensors']};
}

const weightsOf = (model: Transformer) =>
  model.weights.map((weight) => ({name: weight.originalName, values: weight.read().dataSync()}));

const logitsOf = (model: Transformer, tokens: number[]) => tf.tidy(() => model.logits(tokens).dataSync());

const small = {vocabSize: 5, hiddenSize: 8, numLayers: 1, numHeads: 2, intermediateSize: 12, maxSequenceLength: 6};

/** A small model's files with some fields of the configuration replaced; undefined removes one. */
async function filesWith(options: Partial<TransformerOptions>, fields: object) {
  const model = transformer({...small, ...options});
  const {config, weights} = await saved(model);
  model.dispose();
  return {config: JSON.parse(JSON.stringify({...config, ...fields})), weights};
}

describe('a layout', () => {
  it('keeps everything of any model: configuration, bits, names', async () => {
    await fc.assert(
      fc.asyncProperty(anyOptions, async (options) => {
        const model = transformer({...options, seed: 3});
        const files = await saved(model);
        const loaded = await fromPretrained(files);
        expect({...loaded.config, seed: 3}).toEqual(model.config);
        expect(loaded.layout.name).toBe(options.layout);
        expect(weightsOf(loaded)).toEqual(weightsOf(model));
        expect(logitsOf(loaded, [0, 1, 2])).toEqual(logitsOf(model, [0, 1, 2]));
        expect(await saved(loaded)).toEqual(files);
        loaded.dispose();
        model.dispose();
      }),
      {numRuns: 30},
    );
  });

  it('adds nothing to the configuration of what its authors have fields for', async () => {
    const usual: Partial<TransformerOptions>[] = [
      {family: 'gpt2'},
      {family: 'gpt2', layout: 'gpt2bare', activation: 'relu', tieEmbedding: false},
      {family: 'gpt2', layout: 'nanogpt', activation: 'gelu', intermediateSize: 32},
      {layout: 'llama2c', tieEmbedding: true},
      {layout: 'llama2c', numKeyValueHeads: 1},
      {layout: 'meta', maxSequenceLength: null, rotaryBase: 500000},
      {layout: 'meta', maxSequenceLength: null, intermediateSize: 40},
      {layout: 'huggingface', attentionBias: true, headSize: 2, ropeScaling: {type: 'linear', factor: 2}},
      {layout: 'huggingface', ropeScaling: {type: 'yarn', originalMaxSequenceLength: 4, factor: 2}},
      {
        layout: 'huggingface',
        maxSequenceLength: null,
        ropeScaling: {type: 'dynamic', factor: 2, originalMaxSequenceLength: 4},
      },
    ];
    for (const options of usual) {
      const {config} = await filesWith(options, {});
      expect(config, JSON.stringify(options)).not.toHaveProperty('variants');
    }
  });

  it('names in its configuration what its authors have no field for', async () => {
    const {config} = await filesWith({family: 'gpt2', layout: 'nanogpt', normBias: false}, {});
    expect(config).toMatchObject({
      bias: false,
      variants: {activation: 'geluTanh', attentionBias: true, feedForwardBias: true, intermediateSize: 12},
    });
  });

  it("gives Meta's code the width of the feed-forward by its own rule", async () => {
    for (const hiddenSize of [8, 20])
      for (const intermediateSize of [1, 5, 20, 21, 53, 54, 100]) {
        const {config} = await filesWith({layout: 'meta', hiddenSize, intermediateSize}, {});
        const multiplied = Math.trunc((config.ffn_dim_multiplier ?? 1) * Math.trunc((2 * 4 * hiddenSize) / 3));
        expect(config.multiple_of * Math.ceil(multiplied / config.multiple_of)).toBe(intermediateSize);
      }
  });

  it('is another one on request, within its family and pairing', async () => {
    const files = await filesWith({family: 'gpt2', intermediateSize: 32}, {});
    const model = await fromPretrained(files, {config: {layout: 'nanogpt'}});
    const converted = await saved(model);
    expect(converted.config).toMatchObject({block_size: 6, bias: true, variants: {activation: 'geluTanh'}});
    const back = await fromPretrained(converted, {config: {layout: 'gpt2'}});
    expect(await saved(back)).toEqual(files);
    back.dispose();
    model.dispose();
    await expect(fromPretrained(files, {config: {layout: 'meta'}})).rejects.toThrow('layout is "meta"');
  });

  it('refuses a model whose pairs of features its readers would take for others', async () => {
    const model = transformer({...small, layout: 'huggingface'});
    model.layout = layouts.llama2c;
    await expect(saved(model)).rejects.toThrow(
      'layout is "llama2c", but with family llama and rotaryPairing halves must be huggingface',
    );
    model.dispose();
  });
});

describe('a configuration of others', () => {
  const refused = async (options: Partial<TransformerOptions>, fields: object, message: RegExp) => {
    const before = tf.memory().numTensors;
    const loading = fromPretrained(await filesWith(options, fields));
    await expect(loading).rejects.toThrow(CheckpointError);
    await expect(loading).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  };

  it.each<[string, Partial<TransformerOptions>, object, RegExp]>([
    ['without a number of heads', {family: 'gpt2'}, {n_head: undefined}, /lacks n_head, which layout gpt2 needs/],
    ['without sizes', {layout: 'meta'}, {dim: undefined, n_layers: null}, /lacks dim, n_layers/],
    ['of another model with the same names', {layout: 'huggingface'}, {model_type: 'gemma'}, /model_type is "gemma"/],
    [
      'with an unknown activation',
      {family: 'gpt2'},
      {activation_function: 'mish'},
      /"mish" is unknown; known are gelu/,
    ],
    ['with the name of an own property', {layout: 'huggingface'}, {hidden_act: 'toString'}, /"toString" is unknown/],
    ['with a scaling not known', {layout: 'huggingface'}, {rope_scaling: {type: 'mrope', factor: 2}}, /type "mrope"/],
    [
      'with a scaling below 1',
      {layout: 'huggingface'},
      {rope_scaling: {rope_type: 'yarn', factor: 0.5, original_max_position_embeddings: 4}},
      /rope_scaling is .*, but its factor must be a number of at least 1/,
    ],
    [
      'with heads that turn in part',
      {layout: 'huggingface'},
      {rope_parameters: {rope_type: 'default', partial_rotary_factor: 0.5}},
      /rope_parameters.partial_rotary_factor is 0.5, but only 1 can be loaded/,
    ],
    [
      'whose sizes are not those of the file',
      {layout: 'llama2c'},
      {hidden_dim: 16},
      /feed_forward.w1.weight" has shape/,
    ],
  ])('%s is refused in one line', (_, options, fields, message) => refused(options, fields, message));

  it('that is not there is asked for', async () => {
    const {weights} = await filesWith({layout: 'huggingface'}, {});
    await expect(fromPretrained({weights})).rejects.toThrow(
      'there is no config.json or params.json with vocab_size, hidden_size',
    );
  });

  it('may leave out what has a usual value', async () => {
    const few = {
      num_key_value_heads: undefined,
      head_dim: undefined,
      rms_norm_eps: undefined,
      hidden_act: undefined,
      attention_bias: undefined,
      mlp_bias: undefined,
      tie_word_embeddings: undefined,
      rope_theta: undefined,
      rope_scaling: undefined,
      model_type: undefined,
    };
    const model = await fromPretrained(await filesWith({layout: 'huggingface', normEpsilon: 1e-6}, few));
    expect(model.config).toMatchObject({
      numKeyValueHeads: 2,
      normEpsilon: 1e-6,
      rotaryBase: 10000,
      tieEmbedding: false,
    });
    model.dispose();
  });

  it("may name GPT-2's GELU as PyTorch does", async () => {
    const model = await fromPretrained(
      await filesWith({family: 'gpt2', activation: 'relu'}, {activation_function: 'gelu_pytorch_tanh'}),
    );
    expect(model.config.activation).toBe('geluTanh');
    model.dispose();
  });

  it("may hold the rotary positions as newer ones of Hugging Face's do", async () => {
    const rope_parameters = {rope_theta: 777, rope_type: 'linear', factor: 3};
    const fields = {rope_parameters, rope_theta: undefined, rope_scaling: undefined};
    const model = await fromPretrained(await filesWith({layout: 'huggingface'}, fields));
    expect(model.config).toMatchObject({rotaryBase: 777, ropeScaling: {type: 'linear', factor: 3}});
    model.dispose();
    const plain = await fromPretrained(
      await filesWith({layout: 'huggingface'}, {...fields, rope_parameters: {rope_theta: 777}}),
    );
    expect(plain.config).toMatchObject({rotaryBase: 777, ropeScaling: null});
    plain.dispose();
  });

  it.each<[string, object, RopeScaling, number | null]>([
    [
      'yarn',
      {rope_type: 'yarn', factor: 2, original_max_position_embeddings: 3, beta_fast: 4},
      {type: 'yarn', factor: 2, originalMaxSequenceLength: 3, betaFast: 4},
      6,
    ],
    // Its frequencies follow the length beyond max_position_embeddings, which limits nothing.
    ['dynamic', {rope_type: 'dynamic', factor: 2}, {type: 'dynamic', factor: 2, originalMaxSequenceLength: 6}, null],
    [
      'longrope',
      {type: 'longrope', short_factor: [1, 1.5], long_factor: [2, 3], original_max_position_embeddings: 3},
      {type: 'longrope', shortFactors: [1, 1.5], longFactors: [2, 3], originalMaxSequenceLength: 3, factor: 2},
      6,
    ],
  ])('may scale rotary positions by %s', async (_, rope_scaling, ropeScaling, maxSequenceLength) => {
    const files = await filesWith({layout: 'huggingface'}, {rope_scaling});
    const model = await fromPretrained(files);
    expect(model.config).toMatchObject({ropeScaling, maxSequenceLength});
    const tokens = Array.from({length: maxSequenceLength ?? 9}, (_, i) => i % 5);
    const plain = await fromPretrained(files, {config: {ropeScaling: null}});
    expect(logitsOf(model, tokens)).not.toEqual(logitsOf(plain, tokens));
    plain.dispose();
    const {config} = await saved(model);
    expect(config).toMatchObject({rope_scaling: {factor: 2}, max_position_embeddings: 6});
    expect(config).not.toHaveProperty('variants');
    model.dispose();
  });

  it("may leave Meta's vocabulary to the tokenizer, and scale positions as Llama 3.1 does", async () => {
    const model = await fromPretrained(await filesWith({layout: 'meta'}, {vocab_size: -1, use_scaled_rope: true}));
    expect(model.config.vocabSize).toBe(5);
    expect(model.config.ropeScaling).toMatchObject({type: 'llama3', factor: 8, originalMaxSequenceLength: 8192});
    model.dispose();
  });
});

describe("llama2.c's head", () => {
  it('is the embedding where both have the same values, and a matrix of its own where not', async () => {
    for (const tieEmbedding of [true, false]) {
      const model = await fromPretrained(await filesWith({layout: 'llama2c', tieEmbedding}, {}));
      expect(model.config.tieEmbedding).toBe(tieEmbedding);
      model.dispose();
    }
  });
});

describe('a folder', () => {
  const namesOf = ({tensors}: Checkpoint) => [...tensors.keys()].sort();

  it('is saved with the names with which it was read, masks aside', async () => {
    await withDirectory(async (directory) => {
      const model = transformer({...small, family: 'gpt2', layout: 'gpt2bare'});
      await saveCheckpoint(model, directory);
      const loaded = await fromPretrained(directory);
      await saveCheckpoint(loaded, join(directory, 'again'));
      const [first, second] = [await openCheckpoint(directory), await openCheckpoint(join(directory, 'again'))];
      expect(namesOf(first)).toContain('h.0.attn.c_attn.weight');
      expect(namesOf(second)).toEqual(namesOf(first));
      await Promise.all([first.close(), second.close()]);
      loaded.dispose();
      model.dispose();
    });
  });

  it('may come as File objects', async () => {
    await withDirectory(async (directory) => {
      const model = transformer({...small, layout: 'huggingface'});
      await saveCheckpoint(model, directory);
      await writeFile(join(directory, 'notes.txt'), 'no weights');
      const files = await Promise.all(
        ['config.json', 'model.safetensors', 'notes.txt'].map(
          async (name) => new File([await readFile(join(directory, name))], name),
        ),
      );
      const loaded = await fromPretrained(files.values());
      expect(weightsOf(loaded)).toEqual(weightsOf(model));
      loaded.dispose();
      model.dispose();
    });
  });
});
