import * as tf from '@tensorflow/tfjs';
import {
  CheckpointError,
  type CheckpointModel,
  checkpointFiles,
  readSafetensors,
  type VariantModel,
  writeSafetensors,
} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {
  fromPretrained,
  Linformer,
  LinformerClassifier,
  type LinformerClassifierOptions,
  type LinformerOptions,
  linformer,
  linformerClassifier,
} from '../src';
import {classifierLayouts, maskedLayouts} from '../src/checkpoints/layouts';

const small = {
  ...{vocabSize: 9, hiddenSize: 8, numLayers: 2, numHeads: 2, intermediateSize: 12},
  ...{maxSequenceLength: 12, compressedLength: 3, padToken: 1, positionOffset: 2},
};
const tokens = [[0, 2, 3, 4, 5, 1]];
type Json = {[field: string]: unknown};
type Tensors = ReturnType<typeof readSafetensors>['tensors'];

const outputsOf = (model: VariantModel) => tf.tidy(() => model.logits(tokens as never).dataSync());

/** What a model is saved as: its configuration and its tensors. */
async function saved<Config>(model: CheckpointModel<Config>): Promise<{config: Json; tensors: Tensors}> {
  const files = await checkpointFiles(model);
  const {tensors} = readSafetensors(files['model.safetensors'], 'model.safetensors');
  return {config: JSON.parse(files['config.json']), tensors};
}

const load = (config: Json, tensors: Tensors, options = {}) =>
  fromPretrained<LinformerClassifier>({config, weights: writeSafetensors(tensors)}, options) as Promise<
    Linformer | LinformerClassifier
  >;

/** Random weights, so that biases and norms are none of the usual. */
function scramble(model: VariantModel): void {
  tf.tidy(() =>
    model.setWeights(model.getWeights().map((weight, i) => tf.randomNormal(weight.shape, 0, 0.3, 'float32', i))),
  );
}

const changed = (tensors: Tensors, newName: (name: string) => string | null): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).flatMap(([name, tensor]) => {
      const other = newName(name);
      return other === null ? [] : [[other, tensor]];
    }),
  );

describe('an official file', () => {
  it('has the names and fields of fairseq, and what fairseq has no field for under our names', async () => {
    const model = linformer({...small, sharing: 'headwise', masksPadding: false});
    const {config, tensors} = await saved(model);
    expect(config).toEqual({
      arch: 'linformer_roberta',
      vocab_size: 9,
      encoder_embed_dim: 8,
      encoder_layers: 2,
      encoder_attention_heads: 2,
      encoder_ffn_embed_dim: 12,
      activation_fn: 'gelu',
      max_positions: 12,
      tokens_per_sample: 12,
      max_source_positions: 12,
      compressed: 4,
      shared_kv_compressed: 0,
      shared_layer_kv_compressed: 0,
      freeze_compress: 0,
      layernorm_embedding: true,
      encoder_normalize_before: false,
      untie_weights_roberta: false,
      padding_idx: 1,
      dropout: 0,
      activation_dropout: 0,
      no_token_positional_embeddings: false,
      encoder_learned_pos: true,
      no_scale_embedding: true,
      adaptive_input: false,
      spectral_norm_classification_head: false,
    });
    const names = Object.keys(tensors);
    const layer = 'encoder.sentence_encoder.layers.1';
    for (const name of [`${layer}.self_attn.compress_v.weight`, `${layer}.fc1.bias`, 'encoder.lm_head.weight'])
      expect(names).toContain(name);
    model.dispose();
    const own = linformer({...small, sharing: 'kv', compressedLength: 5});
    expect((await saved(own)).config.variants).toEqual({compressedLength: 5, masksPadding: true});
    own.dispose();
  });

  it('ignores padding, unless told otherwise', async () => {
    const model = linformer({...small, sharing: 'kv', masksPadding: false});
    const {config, tensors} = await saved(model);
    model.dispose();
    const [ignoring, masking] = [
      await load(config, tensors),
      await load(config, tensors, {config: {masksPadding: true}}),
    ];
    expect([ignoring.config.masksPadding, masking.config.masksPadding]).toEqual([false, true]);
    ignoring.dispose();
    masking.dispose();
  });

  it('has one compression of all layers under every name of it, any of which will do', async () => {
    for (const shared_kv_compressed of [0, 1]) {
      const fresh = linformer({...small, compressionBias: 'unused', masksPadding: false});
      scramble(fresh);
      const {config, tensors} = await saved(fresh);
      const shared = /\.(compress_layer|self_attn\.compress_[kv])\./;
      const model = await load({...config, shared_kv_compressed}, tensors);
      const all = await saved(model);
      const names = Object.keys(all.tensors).filter((name) => shared.test(name));
      expect(names).toHaveLength(2 * (shared_kv_compressed ? 3 : 5));
      const others = [...new Set(names.map((name) => name.replace(/\.(weight|bias)$/, '')))];
      for (const kept of others) {
        const few = changed(all.tensors, (name) => (shared.test(name) && !name.startsWith(`${kept}.`) ? null : name));
        const again = await load(all.config, few);
        expect(outputsOf(again), kept).toEqual(outputsOf(fresh));
        again.dispose();
      }
      fresh.dispose();
      model.dispose();
    }
  });

  it('has zeros for the bias that fairseq adds to nothing, where there is none', async () => {
    const model = linformer(small);
    const {config, tensors} = await saved(model);
    const bias = tensors['encoder.sentence_encoder.compress_layer.bias'];
    expect([...bias.data]).toEqual([0, 0, 0]);
    const loaded = await load(config, tensors);
    expect((await saved(loaded as Linformer)).tensors).toEqual(tensors);
    model.dispose();
    loaded.dispose();
  });
});

describe('older files of fairseq', () => {
  const older = {
    'with emb_layer_norm': (name: string) => name.replace('layernorm_embedding', 'emb_layer_norm'),
    'with a decoder': (name: string) =>
      name.replace('layernorm_embedding', 'emb_layer_norm').replace(/^encoder\./, 'decoder.'),
  };
  const models = () => [
    linformer({...small, sharing: 'headwise'}),
    linformer({...small, compressionBias: 'unused', normalization: 'pre', embeddingNorm: false}),
    linformerClassifier({...small, sharing: 'kv', numLabels: 4, tokenHead: true}),
  ];

  it.each(Object.entries(older))('%s are read, and written as they were', async (_, nameOf) => {
    for (const model of models()) {
      scramble(model);
      const {config, tensors} = await saved(model as Linformer);
      const theirs = changed(tensors, nameOf);
      const loaded = await load(config, theirs);
      expect(outputsOf(loaded)).toEqual(outputsOf(model));
      expect((await saved(loaded as Linformer)).tensors).toEqual(theirs);
      model.dispose();
      loaded.dispose();
    }
  });

  it('with queries, keys and values in one are read, and written as they were', async () => {
    for (const model of models()) {
      scramble(model);
      const {config, tensors} = await saved(model as Linformer);
      const theirs = changed(tensors, (name) => (/[qkv]_proj/.test(name) ? null : older['with a decoder'](name)));
      for (const i of [0, 1])
        for (const kind of ['weight', 'bias']) {
          const attention = `sentence_encoder.layers.${i}.self_attn`;
          const parts = ['q', 'k', 'v'].map((part) => tensors[`encoder.${attention}.${part}_proj.${kind}`]);
          const data = new Float32Array(parts.flatMap((part) => [...part.data]));
          theirs[`decoder.${attention}.in_proj_${kind}`] = {...parts[0], shape: [24, ...parts[0].shape.slice(1)], data};
        }
      const loaded = await load(config, theirs);
      expect(outputsOf(loaded)).toEqual(outputsOf(model));
      const again = (await saved(loaded as Linformer)).tensors;
      expect(Object.keys(again).sort()).toEqual(Object.keys(theirs).sort());
      for (const [name, tensor] of Object.entries(theirs)) expect(again[name], name).toEqual(tensor);
      model.dispose();
      loaded.dispose();
    }
  });
});

describe('what is saved', () => {
  const forms: Partial<LinformerOptions>[] = [
    {sharing: 'none', compressionBias: 'added', compressedLengthStep: 1},
    {compression: 'convolution', sharing: 'none', dropRemainder: true, trainCompression: false},
    {compression: 'mean', embeddingSize: 6, tieEmbedding: false, masksPadding: false},
    {compression: 'max', embeddingSize: 6, head: 'linear', positions: 'sinusoidal', padToken: null, positionOffset: 0},
    {reversible: true, normalization: 'pre', finalNorm: false, valuesAreKeys: true, numKeyValueHeads: 1, headSize: 5},
    {useBias: false, activation: 'silu', dropout: 0.1, attentionDropout: 0.2, normEpsilon: 1e-6},
  ];

  it.each(forms)('is what is loaded, of %j', async (form) => {
    const labels: Partial<LinformerClassifierOptions> = {numLabels: 3, poolerActivation: 'relu', poolerDropout: 0.1};
    const classifiers = [true, false].map((tokenHead) =>
      linformerClassifier({...small, ...form, ...labels, tokenHead, headName: 'sst2'}),
    );
    for (const model of [linformer({...small, ...form}), ...classifiers]) {
      scramble(model);
      const {config, tensors} = await saved(model as Linformer);
      const loaded = await load(config, tensors);
      expect(loaded).toBeInstanceOf(model instanceof Linformer ? Linformer : LinformerClassifier);
      expect(loaded.config).toEqual(model.config);
      expect(outputsOf(loaded)).toEqual(outputsOf(model));
      model.dispose();
      loaded.dispose();
    }
  });
});

describe('faults', () => {
  const refuses = async (config: Json, tensors: Tensors, message: RegExp) => {
    const error = await load(config, tensors).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(CheckpointError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toMatch(/\n/);
  };

  it('are named: several heads for labels, other models of fairseq, a causal flag', async () => {
    const model = linformerClassifier(small);
    const {config, tensors} = await saved(model);
    model.dispose();
    const heads = {
      ...tensors,
      ...changed(tensors, (name) => (name.includes('.task.') ? name.replace('task', 'mnli') : null)),
    };
    await refuses(config, heads, /has the heads mnli, task for labels, but only one can be loaded/);
    await refuses({...config, adaptive_input: true}, tensors, /adaptive_input is true, but only false can be loaded/);
    await refuses({...config, activation_fn: 'elu'}, tensors, /activation_fn "elu" is unknown; known are gelu, /);
    const {encoder_layers: _, ...less} = config;
    await refuses(less, tensors, /its configuration lacks encoder_layers/);
    const tatp22 = {'to_token_emb.weight': tensors['encoder.sentence_encoder.embed_tokens.weight']};
    const names = {
      ...tatp22,
      'linformer.seq.0.fn.w_o.bias': {dtype: 'F32', shape: [8], data: new Float32Array(8)} as const,
    };
    const fields = {num_tokens: 9, input_size: 12, channels: 8, causal: true};
    await refuses(fields, names, /causal is true, but only false can be loaded/);
  });

  it('of layouts are none: each has a name of its own', () => {
    const names = [...maskedLayouts, ...classifierLayouts].map(({name}) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
