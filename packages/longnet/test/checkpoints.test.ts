import {type CheckpointLayout, checkpointFiles} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {fromPretrained, type LongNetEncoder, longnet, longnetEncoder} from '../src';
import {decoderLayout, encoderLayout} from '../src/checkpoint';
import {resolveLongNetConfig} from '../src/config';

const small = {
  ...{vocabSize: 9, hiddenSize: 8, numLayers: 2, numHeads: 2, intermediateSize: 12},
  ...{segmentLengths: [2, 8], dilations: [1, 2]},
};

const asWritten = (config = {}) => decoderLayout.writeConfig(resolveLongNetConfig({...small, ...config}));
const read = (json: object, layout: CheckpointLayout<object> = decoderLayout as CheckpointLayout<object>) =>
  layout.readConfig({name: 'test', config: json, tensors: new Map()} as never);

describe("configurations in torchscale's fields", () => {
  it('have lists or the texts of its command line', async () => {
    const json = {...asWritten(), segment_length: '[2,8]', dilated_ratio: '[1, 2]'};
    expect(await read(json)).toMatchObject({segmentLengths: [2, 8], dilations: [1, 2]});
    await expect(read({...json, segment_length: 'many'})).rejects.toThrow(
      /segment_length is "many", but must be a list/,
    );
    await expect(read({...json, dilated_ratio: 2})).rejects.toThrow(
      /dilated_ratio is 2, but must be a list of numbers/,
    );
  });

  it('have the defaults of its code where fields are missing', async () => {
    const json = {vocab_size: 9, decoder_embed_dim: 24, segment_length: [4], dilated_ratio: [1]};
    expect(await read(json)).toMatchObject({numHeads: 12, xPos: false, subLayerNorm: true, normalization: 'pre'});
    expect(await read({...json, deepnorm: true})).toMatchObject({normalization: 'deepnorm', subLayerNorm: false});
    expect(await read({...json, subln: false})).toMatchObject({normalization: 'pre', subLayerNorm: false});
    await expect(read({...json, subln: false, decoder_normalize_before: false})).rejects.toThrow(
      /decoder_normalize_before is false, but only true can be loaded without deepnorm/,
    );
    await expect(read({...json, moe_freq: 2})).rejects.toThrow(/moe_freq is 2, but only 0 can be loaded/);
  });

  it('keep what the authors have no field for', async () => {
    const lists = {segmentLengths: [[2], [2, 8]], dilations: [[1], [1, 2]], differentiateShares: true};
    const json = asWritten(lists);
    expect(json).toMatchObject({segment_length: [2], dilated_ratio: [1]});
    expect(await read(json)).toMatchObject(lists);
  });
});

describe('fromPretrained', () => {
  it('tells a language model from an encoder', async () => {
    const models = [longnet(small), longnetEncoder({...small, outputNorm: false, padToken: 3})];
    for (const model of models) {
      const files = await checkpointFiles(model as LongNetEncoder);
      const source = {config: JSON.parse(files['config.json']), weights: files['model.safetensors']};
      const loaded = await fromPretrained<LongNetEncoder>(source);
      expect(loaded.kind).toBe(model.kind);
      expect(loaded.config).toEqual(model.config);
      loaded.dispose();
      model.dispose();
    }
    expect(encoderLayout.name).not.toBe(decoderLayout.name);
  });
});
