import * as tf from '@tensorflow/tfjs';
import {checkpointFiles, readSafetensors, writeSafetensors} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {fromPretrained, schemes, type WideFfn, type WideFfnOptions, wideFfn} from '../src';
import {fairseqLayout} from '../src/checkpoint';
import {resolveWideFfnConfig} from '../src/config';
import {anyOptions} from './any-options';

const small: WideFfnOptions = {
  sourceVocabSize: 9,
  hiddenSize: 8,
  numHeads: 2,
  numEncoderLayers: 2,
  numDecoderLayers: 2,
};

async function saved(model: WideFfn) {
  const files = await checkpointFiles(model);
  return {config: JSON.parse(files['config.json']), weights: files['model.safetensors']};
}

const tensorsOf = (file: Uint8Array) => readSafetensors(file, 'model.safetensors').tensors;
const logitsOf = (model: WideFfn) =>
  tf.tidy(() => model.logits({source: [[3, 4, 5, 2]], target: [[2, 6, 7]]}).dataSync());

describe('a file', () => {
  it('has every option back, and gives the same to the bit', async () => {
    await fc.assert(
      fc.asyncProperty(anyOptions, async (options) => {
        const config = resolveWideFfnConfig(options);
        const json = JSON.parse(JSON.stringify(fairseqLayout.writeConfig(config)));
        expect(await fairseqLayout.readConfig({name: 'test', config: json} as never)).toEqual(config);
        const model = wideFfn({...options, dropout: 0});
        const loaded = await fromPretrained(await saved(model));
        // A file of ids below the tokens of the test has none of them.
        if (config.sourceVocabSize >= 8) expect(logitsOf(loaded)).toEqual(logitsOf(model));
        expect(loaded.config).toEqual({...model.config, seed: 0});
        loaded.dispose();
        model.dispose();
      }),
      {numRuns: 40},
    );
  });

  it('has shared tensors under the names of all layers, of which the first is enough', async () => {
    const model = wideFfn({...small, ...schemes.sharedEncDec, decoderSelfAttention: 'shared'});
    const {config, weights} = await saved(model);
    const {tensors} = {tensors: tensorsOf(weights)};
    const aliases = [
      'encoder.layers.1.fc1.weight',
      'decoder.layers.0.fc2.bias',
      'decoder.layers.1.final_layer_norm.weight',
      'decoder.layers.1.self_attn.q_proj.weight',
      'decoder.embed_tokens.weight',
      'decoder.output_projection.weight',
    ];
    for (const name of aliases) expect(Object.keys(tensors)).toContain(name);
    expect(tensors['decoder.layers.1.fc1.weight'].data).toEqual(tensors['encoder.layers.0.fc1.weight'].data);
    const without = Object.fromEntries(Object.entries(tensors).filter(([name]) => !aliases.includes(name)));
    // The encoder's name is the one that a pair is known by, as both are fairseq's.
    const kept = {...without, 'decoder.embed_tokens.weight': tensors['decoder.embed_tokens.weight']};
    const loaded = await fromPretrained({config, weights: writeSafetensors(kept)});
    expect(logitsOf(loaded)).toEqual(logitsOf(model));
    loaded.dispose();
    model.dispose();
  });

  it('has no tensors of feed-forwards that are left out, and their width is 0', async () => {
    const model = wideFfn({...small, ...schemes.noEncNoDec});
    const {config, weights} = await saved(model);
    expect(config).toMatchObject({encoder_ffn: 'none', encoder_ffn_embed_dim: 0, decoder_ffn_embed_dim: 0});
    expect(Object.keys(tensorsOf(weights)).filter((name) => /fc1|fc2|final_layer_norm/.test(name))).toEqual([]);
    model.dispose();
  });

  it('of fairseq alone, without our fields, is a Transformer', async () => {
    const model = wideFfn({...small, ...schemes.transformer});
    const {config, weights} = await saved(model);
    const theirs = Object.entries(config).filter(([name]) =>
      /^(en|de)coder_(embed|ffn_embed|layers|attention|normalize)|^vocab_size$/.test(name),
    );
    const loaded = await fromPretrained({config: Object.fromEntries(theirs), weights});
    expect(loaded.config).toEqual(model.config);
    loaded.dispose();
    model.dispose();
  });

  it.each(['no_scale_embedding', 'no_token_positional_embeddings'])('of fairseq with %s is refused', async (field) => {
    const model = wideFfn({...small, ...schemes.transformer});
    const {config, weights} = await saved(model);
    await expect(fromPretrained({config: {...config, [field]: true}, weights})).rejects.toThrow(
      `${field} is true, but only false can be loaded`,
    );
    model.dispose();
  });
});
