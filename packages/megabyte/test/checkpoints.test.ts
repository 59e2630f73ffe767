import * as tf from '@tensorflow/tfjs';
import {CheckpointError, checkpointFiles, type LanguageModel, readSafetensors} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {fromPretrained, type Megabyte, type MegabyteOptions, type MegabytePaper, megabyte, megabytePaper} from '../src';
import {anyOptions, anyPaperOptions} from './any-options';

const small: MegabyteOptions = {
  vocabSize: 5,
  stageLengths: [3, 2],
  hiddenSizes: [4, 6],
  numLayers: [1, 1],
  intermediateSizes: [8, 12],
  numHeads: 2,
  headSize: 4,
};

async function saved(model: Megabyte | MegabytePaper) {
  const files = await checkpointFiles<object>(model as never);
  return {config: JSON.parse(files['config.json']) as Record<string, unknown>, weights: files['model.safetensors']};
}

async function filesWith(options: Partial<MegabyteOptions>, fields: object = {}) {
  const model = megabyte({...small, ...options});
  const {config, weights} = await saved(model);
  model.dispose();
  return {config: JSON.parse(JSON.stringify({...config, ...fields})), weights};
}

const logitsOf = (model: LanguageModel) => tf.tidy(() => model.logits([0]).dataSync());

describe('a layout', () => {
  it('keeps everything of any model: configuration, bits, names', async () => {
    const check = async (model: Megabyte | MegabytePaper) => {
      const files = await saved(model);
      const loaded = (await fromPretrained(files)) as typeof model;
      expect(loaded.constructor).toBe(model.constructor);
      expect({...loaded.config, seed: 3}).toEqual(model.config);
      expect(logitsOf(loaded as LanguageModel)).toEqual(logitsOf(model as LanguageModel));
      expect(await saved(loaded)).toEqual(files);
      loaded.dispose();
      model.dispose();
    };
    await fc.assert(
      fc.asyncProperty(anyOptions, anyPaperOptions, async (options, paper) => {
        await check(megabyte({...options, seed: 3}));
        await check(megabytePaper({...paper, seed: 3}));
      }),
      {numRuns: 15},
    );
  });

  it('adds nothing to what the authors have fields for', async () => {
    const {config} = await filesWith({padToken: 0, rotary: false, learnedPositions: true});
    expect(config).toEqual({
      ...{model_type: 'megabyte', num_tokens: 5, max_seq_len: [3, 2], dim: [4, 6], depth: [1, 1], ff_mult: 2},
      ...{heads: 2, dim_head: 4, rel_pos: false, pos_emb: true, pad_id: 0, ff_dropout: 0, attn_dropout: 0},
    });
  });

  it('names in its configuration what the authors have no field or value for', async () => {
    const {config} = await filesWith({intermediateSizes: [8, 13]});
    expect(config).toMatchObject({variants: {intermediateSizes: [8, 13], padToken: null}});
    expect(config).not.toHaveProperty('pad_id');
  });

  it('reads one width for all stages, and takes what is missing for what the authors have by default', async () => {
    const {config, weights} = await filesWith({
      ...{hiddenSizes: [8, 8], intermediateSizes: [32, 32], numHeads: 8, headSize: 64, rotary: false, padToken: 0},
    });
    const {num_tokens, max_seq_len, depth} = config;
    const model = await fromPretrained({config: {num_tokens, max_seq_len, depth, dim: 8}, weights});
    expect(model.config).toMatchObject({
      ...{hiddenSizes: [8, 8], intermediateSizes: [32, 32], numHeads: 8, headSize: 64},
      ...{rotary: false, learnedPositions: false, padToken: 0},
    });
    model.dispose();
  });

  it('writes the frequencies of each stage, as PyTorch keeps them', async () => {
    const {weights} = await filesWith({});
    const {tensors} = readSafetensors(weights);
    for (const stage of [0, 1])
      expect([...tensors[`transformers.${stage}.rotary_emb.inv_freq`].data]).toEqual([1, Math.fround(0.01)]);
    expect(Object.keys(readSafetensors((await filesWith({rotary: false})).weights).tensors).join()).not.toMatch(
      /inv_freq/,
    );
  });

  it('says which field is missing or of no use', async () => {
    const {config, weights} = await filesWith({});
    const {max_seq_len: _, ...without} = config;
    await expect(fromPretrained({config: without, weights})).rejects.toThrow(CheckpointError);
    await expect(fromPretrained({config: without, weights})).rejects.toThrow(
      /lacks max_seq_len, which layout megabyte-pytorch/,
    );
    await expect(fromPretrained({config: {...config, max_seq_len: 6}, weights})).rejects.toThrow(
      /max_seq_len is 6, but must be a list of a length for each stage/,
    );
  });
});
