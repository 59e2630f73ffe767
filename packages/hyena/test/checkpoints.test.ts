import * as tf from '@tensorflow/tfjs';
import {CheckpointError, checkpointFiles, readSafetensors, writeSafetensors} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {fromPretrained, type Hyena, hyena} from '../src';

const small = {vocabSize: 8, hiddenSize: 8, numLayers: 2, intermediateSize: 8, maxSequenceLength: 6, filterSize: 4};

type Stored = ReturnType<typeof readSafetensors>['tensors'];

async function filesOf(model: Hyena): Promise<{config: Record<string, unknown>; tensors: Stored}> {
  const files = await checkpointFiles(model);
  return {
    config: JSON.parse(files['config.json']),
    tensors: readSafetensors(files['model.safetensors'], 'saved').tensors,
  };
}

const load = (config: Record<string, unknown>, tensors: Stored) =>
  fromPretrained({config, weights: writeSafetensors(tensors as Parameters<typeof writeSafetensors>[0])});

const renamed = (tensors: Stored, rename: (name: string) => string | undefined): Stored =>
  Object.fromEntries(
    Object.entries(tensors).flatMap(([name, tensor]) => {
      const other = rename(name);
      return other === undefined ? [] : [[other, tensor]];
    }),
  );

async function expectSame(loaded: Hyena, model: Hyena): Promise<void> {
  tf.tidy(() => {
    expect(loaded.logits([[1, 2, 3]]).dataSync()).toEqual(model.logits([[1, 2, 3]]).dataSync());
  });
  loaded.dispose();
}

describe('files of safari', () => {
  it('may be those of Lightning, of gradient checkpointing, and without a second copy of what is shared', async () => {
    const model = hyena(small);
    const {config, tensors} = await filesOf(model);
    const variants: ((name: string) => string | undefined)[] = [
      (name) => `model.${name}`,
      (name) => name.replace(/\.mixer\./, '.mixer.layer.').replace(/\.mlp\./, '.mlp.layer.'),
      (name) => (name.startsWith('lm_head') || name.endsWith('pos_emb.t') ? undefined : name),
      (name) => (/\.[15]\.freq$/.test(name) ? undefined : name),
    ];
    for (const rename of variants) await expectSame(await load(config, renamed(tensors, rename)), model);
    model.dispose();
  });

  it('keep in their configuration what their authors have no field for', async () => {
    const model = hyena({...small, finalNormEpsilon: 1e-3, activation: 'squaredRelu'});
    const {config, tensors} = await filesOf(model);
    expect(config.variants).toEqual({finalNormEpsilon: 1e-3, activation: 'squaredRelu'});
    const loaded = await load(config, tensors);
    expect(loaded.config).toEqual(model.config);
    await expectSame(loaded, model);
    model.dispose();
  });

  it('say what is wrong with them', async () => {
    const model = hyena(small);
    const {config, tensors} = await filesOf(model);
    const layer = config.layer as object;
    const wrong: [Record<string, unknown>, Stored, RegExp][] = [
      [{...config, layer: {...layer, num_blocks: 2}}, tensors, /num_blocks is 2, but only 1 can be loaded/],
      [{...config, layer: {...layer, _name_: 'h3'}}, tensors, /_name_ is "h3", but only "hyena" can be loaded/],
      [{...config, layer: {...layer, activation: 'mish'}}, tensors, /activation "mish" is unknown; known are id/],
      [
        config,
        renamed(tensors, (name) => (name.endsWith('layers.0.mixer.in_proj.weight') ? undefined : name)),
        /tensor "backbone.layers.0.mixer.in_proj.weight" is missing/,
      ],
      [
        config,
        renamed(tensors, (name) => (name.endsWith('layers.1.norm2.bias') ? undefined : name)),
        /tensor "backbone.layers.1.norm2.bias" of shape \[8\] is missing/,
      ],
    ];
    for (const [json, stored, message] of wrong) {
      await expect(load(json, stored)).rejects.toThrow(CheckpointError);
      await expect(load(json, stored)).rejects.toThrow(message);
    }
    model.dispose();
  });
});

it('a model with a head of its own is saved as Hugging Face does', async () => {
  const model = hyena({...small, tieEmbedding: false, filterLayout: 'order-first', shift: 0.05});
  const {config, tensors} = await filesOf(model);
  expect(config).toMatchObject({model_type: 'hyenadna', architectures: ['HyenaDNAForCausalLM'], max_seq_len: 6});
  expect(config.variants).toBeUndefined();
  expect(Object.keys(tensors).filter((name) => name.endsWith('.freq'))).toEqual([
    'hyena.backbone.layers.0.mixer.filter_fn.implicit_filter.1.freq',
    'hyena.backbone.layers.1.mixer.filter_fn.implicit_filter.1.freq',
  ]);
  const other = renamed(tensors, (name) => name.replace(/\.1\.freq$/, '.3.freq'));
  await expectSame(await load(config, other), model);
  model.dispose();
});
