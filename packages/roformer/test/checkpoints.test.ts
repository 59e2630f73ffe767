import * as tf from '@tensorflow/tfjs';
import {
  CheckpointError,
  type CheckpointLayout,
  type CheckpointModel,
  checkpointFiles,
  readSafetensors,
  type VariantModel,
  type VariantModelConfig,
  writeSafetensors,
} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {
  fromPretrained,
  type RoFormer,
  RoFormerClassifier,
  type RoFormerFields,
  RoFormerMasked,
  roformer,
  roformerClassifier,
  roformerMasked,
} from '../src';
import {causalLayouts, classifierLayouts, maskedLayouts} from '../src/checkpoints/layouts';

const small = {vocabSize: 9, hiddenSize: 8, numLayers: 2, numHeads: 2, intermediateSize: 12, maxSequenceLength: 6};
const tokens = [[1, 2, 3, 4, 5]];
type Json = {[field: string]: unknown};

const outputsOf = (model: VariantModel) => tf.tidy(() => model.logits(tokens as never).dataSync());

/** What a model is saved as: its configuration and a file with its tensors. */
async function saved<Config>(model: CheckpointModel<Config>): Promise<{config: Json; weights: Uint8Array}> {
  const files = await checkpointFiles(model);
  return {config: JSON.parse(files['config.json']), weights: files['model.safetensors']};
}

const tensorsOf = (file: Uint8Array) => readSafetensors(file, 'model.safetensors').tensors;
const namesIn = (file: Uint8Array) => Object.keys(tensorsOf(file));

/** The file with other names of its tensors; those without a name go. */
function renamed(file: Uint8Array, newName: (name: string) => string | null): Uint8Array {
  const entries = Object.entries(tensorsOf(file)).map(([name, tensor]) => [newName(name), tensor] as const);
  return writeSafetensors(Object.fromEntries(entries.filter(([name]) => name !== null)));
}

const table = 'roformer.encoder.embed_positions.weight';

describe('a file of Hugging Face', () => {
  it('has the names and fields that its library reads, and the table of positions', async () => {
    const model = roformerMasked({...small, embeddingSize: 6});
    const {config, weights} = await saved(model);
    expect(config).toEqual({
      model_type: 'roformer',
      architectures: ['RoFormerForMaskedLM'],
      is_decoder: false,
      tie_word_embeddings: true,
      vocab_size: 9,
      embedding_size: 6,
      hidden_size: 8,
      num_hidden_layers: 2,
      num_attention_heads: 2,
      intermediate_size: 12,
      hidden_act: 'gelu',
      max_position_embeddings: 6,
      type_vocab_size: 2,
      pad_token_id: 0,
      norm_type: 'layer_norm',
      use_bias: true,
      layer_norm_eps: 1e-12,
      rotary_value: false,
      hidden_dropout_prob: 0,
      attention_probs_dropout_prob: 0,
    });
    const names = namesIn(weights);
    for (const name of [table, 'roformer.embeddings_project.weight', 'cls.predictions.transform.LayerNorm.bias'])
      expect(names).toContain(name);
    expect(names).not.toContain('cls.predictions.decoder.weight');
    model.dispose();
  });

  it("is read with the library's defaults where it says little, and without its tables", async () => {
    const model = roformerMasked(small);
    const {weights} = await saved(model);
    const config = {
      ...{model_type: 'roformer', vocab_size: 9, hidden_size: 8, num_hidden_layers: 2, num_attention_heads: 2},
      ...{intermediate_size: 12, embedding_size: null},
    };
    const bare = renamed(weights, (name) => (name === table ? null : name));
    const loaded = await fromPretrained<RoFormerMasked>({config, weights: bare});
    expect(loaded.config).toEqual({
      ...model.config,
      ...{maxSequenceLength: 1536, dropout: 0.1, attentionDropout: 0.1},
    });
    expect(outputsOf(loaded)).toEqual(outputsOf(model));
    model.dispose();
    loaded.dispose();
  });

  it('is read into a model for longer texts, for which its table of positions is too short', async () => {
    const model = roformerMasked(small);
    const {config, weights} = await saved(model);
    const loaded = await fromPretrained<RoFormerMasked>({config, weights}, {config: {maxSequenceLength: 50}});
    expect(loaded.contextLength).toBe(50);
    expect(outputsOf(loaded)).toEqual(outputsOf(model));
    model.dispose();
    loaded.dispose();
  });

  it('is read where the tied table and bias stand under the names of the decoder alone, or under both', async () => {
    const model = roformer(small);
    const {config, weights} = await saved(model);
    const others: {[name: string]: string} = {
      'roformer.embeddings.word_embeddings.weight': 'cls.predictions.decoder.weight',
      'cls.predictions.bias': 'cls.predictions.decoder.bias',
    };
    const alone = renamed(weights, (name) => others[name] ?? name);
    const loaded = await fromPretrained({config, weights: alone});
    expect(outputsOf(loaded)).toEqual(outputsOf(model));
    model.dispose();
    loaded.dispose();
  });

  it('tells how many labels there are, by its tensors and by the names of labels', async () => {
    const model = roformerClassifier({...small, numLabels: 3});
    const {config, weights} = await saved(model);
    expect(config).toMatchObject({num_labels: 3, id2label: {0: 'LABEL_0', 1: 'LABEL_1', 2: 'LABEL_2'}});
    const {num_labels: _, id2label, label2id, ...rest} = config;
    const loaded = await fromPretrained<RoFormerClassifier>({config: rest, weights});
    expect(loaded).toBeInstanceOf(RoFormerClassifier);
    expect(loaded.config.numLabels).toBe(3);
    expect([id2label, label2id].every(Boolean)).toBe(true);
    expect(outputsOf(loaded)).toEqual(outputsOf(model));
    model.dispose();
    loaded.dispose();
  });

  it('keeps beside its own fields what the library has none for, with the table of the scaled angles', async () => {
    const ropeScaling = {type: 'linear', factor: 2} as const;
    const fields: Partial<RoFormerFields> = {ropeScaling, rotaryBase: 100, rotaryPairing: 'halves', padToken: null};
    const model = roformerMasked({...small, ...fields, maxSequenceLength: null});
    const {config, weights} = await saved(model);
    const {padToken: _, ...own} = fields;
    expect(config.variants).toEqual({...own, maxSequenceLength: null});
    expect(config).toMatchObject({max_position_embeddings: 1536, pad_token_id: null});
    const values = tensorsOf(weights)[table].data.slice(0, 8);
    const wanted = [0, 0, 1, 1, Math.sin(0.5), Math.sin(0.05), Math.cos(0.5), Math.cos(0.05)];
    expect([...values]).toEqual(wanted.map(Math.fround));
    const loaded = await fromPretrained<RoFormerMasked>({config, weights});
    expect(loaded.config).toEqual(model.config);
    model.dispose();
    loaded.dispose();
  });
});

describe("JunnYu's files", () => {
  it('of RoFormer-V2 are known by what they lack, whether or not their fields say so', async () => {
    const model = roformerMasked({...small, norm: 'rms', activation: 'relu'});
    const {config, weights} = await saved(model);
    expect(config).toMatchObject({norm_type: 'rms_norm', use_bias: false, hidden_act: 'relu'});
    const {norm_type: _n, use_bias: _u, ...silent} = config;
    const loaded = await fromPretrained<RoFormerMasked>({config: silent, weights});
    expect(loaded.config).toEqual(model.config);
    expect(outputsOf(loaded)).toEqual(outputsOf(model));
    model.dispose();
    loaded.dispose();
  });

  it('of RoFormer-Sim are causal by their pooler, of which they say nothing', async () => {
    const model = roformer({...small, pooler: 'identity'});
    const {config, weights} = await saved(model);
    expect(config).toMatchObject({pooler_activation: 'linear', is_decoder: true});
    const {pooler_activation: _p, is_decoder: _d, architectures: _a, ...published} = config;
    const loaded = await fromPretrained({config: published, weights});
    expect(loaded.config).toEqual(model.config);
    tf.tidy(() => {
      expect(loaded.sentenceEmbeddings(tokens).dataSync()).toEqual(model.sentenceEmbeddings(tokens).dataSync());
    });
    model.dispose();
    loaded.dispose();
  });
});

/** Saves a model in the official names, with what a training run leaves beside, and reads that. */
async function checkOfficial<Config extends VariantModelConfig>(
  model: VariantModel<Config>,
  layout: CheckpointLayout<Config>,
): Promise<void> {
  model.layout = layout;
  const {config, weights} = await saved(model);
  const names = namesIn(weights);
  expect(names).toContain('bert/encoder/layer_1/attention/self/query/kernel');
  expect(names).toContain('bert/embeddings/word_embeddings');
  expect(names.filter((name) => /\.|weight/.test(name))).toEqual([]);
  expect(tensorsOf(weights)['bert/encoder/layer_0/intermediate/dense/kernel'].shape).toEqual([8, 12]);
  const one = {shape: [1], data: new Float32Array(1)};
  const leftovers = {global_step: one, 'bert/embeddings/word_embeddings/adam_m': one};
  const source = {config, weights: writeSafetensors({...tensorsOf(weights), ...leftovers})};
  const loaded = (await fromPretrained(source)) as RoFormer | RoFormerMasked | RoFormerClassifier;
  expect(loaded.layout.name).toBe(layout.name);
  expect(loaded.config).toEqual(model.config);
  expect(outputsOf(loaded)).toEqual(outputsOf(model));
  model.dispose();
  loaded.dispose();
}

describe('official files', () => {
  it('are written and read in the names of bert4keras, with matrices [in, out]', async () => {
    await checkOfficial(roformer({...small, pooler: 'tanh'}), causalLayouts[1]);
    await checkOfficial(roformerMasked({...small, embeddingSize: 6}), maskedLayouts[1]);
    await checkOfficial(roformerMasked({...small, norm: 'rms'}), maskedLayouts[1]);
    await checkOfficial(roformerClassifier(small), classifierLayouts[1]);
  });

  it('name norms, the bias of the head and the projection as they do', async () => {
    const model = roformerMasked({...small, embeddingSize: 6});
    model.layout = maskedLayouts[1];
    const names = namesIn((await saved(model)).weights);
    for (const name of [
      'bert/embeddings/token_type_embeddings',
      'bert/embeddings/LayerNorm/gamma',
      'bert/embeddings_project/kernel',
      'bert/encoder/layer_0/attention/output/LayerNorm/beta',
      'cls/predictions/transform/dense/kernel',
      'cls/predictions/transform/LayerNorm/gamma',
      'cls/predictions/output_bias',
    ])
      expect(names).toContain(name);
    model.dispose();
  });
});

describe('a file that cannot be read', () => {
  const refused = async (changed: Json): Promise<unknown> => {
    const model = roformerMasked(small);
    const {config, weights} = await saved(model);
    model.dispose();
    return fromPretrained<RoFormerMasked>({config: {...config, ...changed}, weights}).then(
      () => null,
      (error) => error,
    );
  };

  it('is refused in a line that names the field', async () => {
    const cases: [Json, string][] = [
      [{tie_word_embeddings: false}, 'tie_word_embeddings is false, but only true can be loaded'],
      [{add_cross_attention: true}, 'add_cross_attention is true, but only false can be loaded'],
      [{hidden_act: 'mish'}, 'hidden_act "mish" is unknown; known are gelu'],
      [{hidden_size: undefined}, 'lacks hidden_size, which layout roformer-masked needs'],
      [
        {num_hidden_layers: 3},
        'tensor "roformer.encoder.layer.2.attention.self.query.weight" of shape [8, 8] is missing',
      ],
    ];
    for (const [changed, message] of cases) {
      const error = await refused(changed);
      expect(error, message).toBeInstanceOf(CheckpointError);
      expect((error as Error).message).toContain(message);
    }
  });

  it('becomes what its class and tensors say', async () => {
    const model = roformerMasked(small);
    const {config, weights} = await saved(model);
    const masked = await fromPretrained<RoFormerMasked>({config, weights});
    const causal = await fromPretrained({config: {...config, architectures: ['RoFormerForCausalLM']}, weights});
    const decoder = await fromPretrained({config: {...config, is_decoder: true}, weights});
    expect(masked).toBeInstanceOf(RoFormerMasked);
    expect([causal.kind, decoder.kind]).toEqual(['language-model', 'language-model']);
    for (const one of [model, masked, causal, decoder]) one.dispose();
  });
});
