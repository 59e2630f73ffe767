import {type Checkpoint, CheckpointError} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {layouts} from '../src/checkpoints';
import {type AttentionSinksConfig, type AttentionSinksOptions, resolveAttentionSinksConfig} from '../src/config';

type Json = {[field: string]: unknown};

const read = async (family: keyof typeof layouts, config: Json): Promise<AttentionSinksConfig> =>
  layouts[family].readConfig({name: 'model', config, tensors: new Map()} as unknown as Checkpoint);

/** What Hugging Face's library writes of a small one. */
const llama = {
  ...{model_type: 'llama', vocab_size: 11, hidden_size: 16, num_hidden_layers: 2, num_attention_heads: 2},
  ...{intermediate_size: 24, max_position_embeddings: 64},
};
const mpt = {
  ...{model_type: 'mpt', vocab_size: 11, d_model: 16, n_layers: 2, n_heads: 2, expansion_ratio: 3, max_seq_len: 32},
  ...{no_bias: true, learned_pos_emb: true, resid_pdrop: 0, emb_pdrop: 0, tie_word_embeddings: true},
  attn_config: {
    ...{alibi: true, alibi_bias_max: 4, attn_type: 'multihead_attention', qk_ln: false, clip_qkv: null},
    ...{softmax_scale: null, prefix_lm: false, attn_uses_sequence_id: false, attn_pdrop: 0},
  },
};

describe('the size of the cache', () => {
  it.each<[Json, numSinks: number, windowSize: number]>([
    [{}, 4, 60],
    [{start_size: 2, recent_size: 12}, 2, 12],
    [{start_size: 0, recent_size: 16}, 0, 16],
    [{attention_sink_size: 1, attention_sink_window_size: 31}, 1, 31],
  ])('of a file with %j is %i + %i', async (fields, numSinks, windowSize) => {
    expect(await read('llama', {...llama, ...fields})).toMatchObject({numSinks, windowSize, maxSequenceLength: 64});
  });
});

describe('files of MPT', () => {
  it('are read with their own names', async () => {
    expect(await read('mpt', mpt)).toMatchObject({
      ...{family: 'mpt', hiddenSize: 16, numLayers: 2, numHeads: 2, intermediateSize: 48, alibiBiasMax: 4},
      ...{maxSequenceLength: 32, normBias: false, attentionBias: false, activation: 'gelu', tieEmbedding: true},
    });
  });

  it('have feed-forwards of the width of their tensors, as the library takes no notice of expansion_ratio', async () => {
    const tensors = new Map([['transformer.blocks.0.ffn.up_proj.weight', {shape: [64, 16]}]]);
    const config = await layouts.mpt.readConfig({name: 'model', config: mpt, tensors} as unknown as Checkpoint);
    expect(config.intermediateSize).toBe(64);
  });

  it.each<[Json, RegExp]>([
    [{attn_config: {alibi: false}}, /attn_config.alibi is false, but only true can be loaded/],
    [{attn_config: {qk_ln: true}}, /attn_config.qk_ln is true, but only false can be loaded/],
    [{attn_config: {clip_qkv: 6}}, /attn_config.clip_qkv is 6, but only null can be loaded/],
    [{attn_config: {softmax_scale: 0.1}}, /attn_config.softmax_scale is 0.1, but only null can be loaded/],
    [{attn_config: {prefix_lm: true}}, /attn_config.prefix_lm is true, but only false can be loaded/],
    [{no_bias: false}, /no_bias is false, but only true can be loaded/],
  ])('that are of another architecture are refused: %j', async (fields, message) => {
    const reading = read('mpt', {...mpt, ...fields});
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toThrow(CheckpointError);
  });
});

describe('what is written', () => {
  it.each<[string, Partial<AttentionSinksOptions>]>([
    ['llama', {windowSize: 12}],
    [
      'llama with all that its authors have no field for',
      {
        ...{cache: 'growing', sinkToken: 3, sinkLogit: 'zero', rotaryPairing: 'interleaved', maxSequenceLength: null},
      },
    ],
    ['mpt', {family: 'mpt', windowSize: 12, alibiBiasMax: 4}],
    [
      'mpt with biases, and as wide as no ratio says',
      {
        ...{family: 'mpt', attentionBias: true, normBias: true, intermediateSize: 20, maxSequenceLength: null},
        ...{numKeyValueHeads: 1, activation: 'relu', sinkLogit: 'learned', tieEmbedding: false},
      },
    ],
  ])('of %s is read as it was', async (_, options) => {
    const config = resolveAttentionSinksConfig({vocabSize: 11, hiddenSize: 16, numHeads: 2, ...options});
    const written = layouts[config.family].writeConfig(config);
    expect(await read(config.family, JSON.parse(JSON.stringify(written)))).toEqual(config);
    expect(written).toMatchObject({
      model_type: config.family,
      start_size: config.numSinks,
      recent_size: config.windowSize,
    });
  });

  it("names a learned logit as gpt-oss' files do, and a model's layers below its own token", () => {
    const named = (options: Partial<AttentionSinksOptions>) => {
      const config = resolveAttentionSinksConfig({vocabSize: 11, numLayers: 2, sinkLogit: 'learned', ...options});
      return Object.fromEntries(layouts[config.family].tensors(config).map(({theirs, ours}) => [theirs, ours]));
    };
    expect(named({})).toMatchObject({'model.layers.1.self_attn.sinks': 'block_1/mixer/sinks'});
    const below = named({family: 'mpt', sinkToken: 0, tieEmbedding: false});
    expect(below).toMatchObject({
      'transformer.blocks.1.attn.sinks': 'body/block_1/mixer/sinks',
      'lm_head.weight': 'head/kernel',
    });
  });
});
