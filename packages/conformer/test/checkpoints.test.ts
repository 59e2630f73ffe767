import * as tf from '@tensorflow/tfjs';
import {CheckpointError, checkpointFiles, Random, readSafetensors, writeSafetensors} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {type Conformer, type ConformerOptions, conformer, fromPretrained, type WaveformConvolutions} from '../src';
import {layouts} from '../src/checkpoints';
import {huggingFaceLayout} from '../src/checkpoints/hugging-face';
import {espnetLayout} from '../src/checkpoints/wenet';

const frontEnd: WaveformConvolutions = {
  ...{channels: [6, 8], kernelSizes: [4, 3], strides: [2, 2], useBias: false, norm: 'group'},
};

const wav2vec2: ConformerOptions = {
  ...{vocabSize: 5, inputSize: null, frontEnd, hiddenSize: 8, numLayers: 1, numHeads: 2, intermediateSize: 12},
  ...{
    kernelSize: 3,
    activation: 'gelu',
    pointwiseBias: false,
    depthwiseBias: false,
    finalNorm: true,
    padding: 'zeroed',
  },
};

const small: ConformerOptions = {
  ...{vocabSize: 5, inputSize: 9, hiddenSize: 8, numLayers: 1, numHeads: 2, intermediateSize: 12, kernelSize: 3},
};

type Files = {json: {[field: string]: unknown}; tensors: ReturnType<typeof readSafetensors>['tensors']};

/** What a model is saved as, with a layout. */
async function filesOf(model: Conformer): Promise<Files> {
  const files = await checkpointFiles(model);
  const {tensors} = readSafetensors(files['model.safetensors'], 'test');
  return {json: JSON.parse(files['config.json']), tensors};
}

const sourceOf = ({json, tensors}: Files) => ({config: json, weights: writeSafetensors(tensors)});

const logitsOf = (model: Conformer, features: tf.Tensor) => tf.tidy(() => [...model.logits(features).dataSync()]);

const drawn = (shape: number[]) => {
  const random = new Random(1, 'drawn');
  return tf.tensor(
    Float32Array.from({length: tf.util.sizeFromShape(shape)}, () => random.normal()),
    shape,
  );
};

/** The model that files give, which must compute what another does. */
async function requireSame(files: Files, model: Conformer, features: tf.Tensor): Promise<Conformer> {
  const loaded = await fromPretrained(sourceOf(files));
  expect(logitsOf(loaded, features)).toEqual(logitsOf(model, features));
  return loaded;
}

describe("Hugging Face's Wav2Vec2Conformer", () => {
  it.each(['relative', 'rotary', 'none'] as const)(
    'is written and read in its names, with positions %s',
    async (positions) => {
      const model = conformer({...wav2vec2, positions});
      model.layout = huggingFaceLayout;
      const files = await filesOf(model);
      const {json, tensors} = files;
      expect(json).toMatchObject({
        ...{
          model_type: 'wav2vec2-conformer',
          architectures: ['Wav2Vec2ConformerForCTC'],
          vocab_size: 5,
          pad_token_id: 0,
        },
        ...{conv_dim: [6, 8], conv_kernel: [4, 3], conv_stride: [2, 2], conv_bias: false, feat_extract_norm: 'group'},
        ...{hidden_size: 8, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 12, hidden_act: 'gelu'},
        ...{conv_depthwise_kernel_size: 3, position_embeddings_type: positions === 'none' ? null : positions},
      });
      expect(json).not.toHaveProperty('variants');
      const block = 'wav2vec2_conformer.encoder.layers.0.';
      expect(Object.fromEntries(Object.entries(tensors).map(([name, {shape}]) => [name, shape]))).toEqual({
        'wav2vec2_conformer.feature_extractor.conv_layers.0.conv.weight': [6, 1, 4],
        'wav2vec2_conformer.feature_extractor.conv_layers.0.layer_norm.weight': [6],
        'wav2vec2_conformer.feature_extractor.conv_layers.0.layer_norm.bias': [6],
        'wav2vec2_conformer.feature_extractor.conv_layers.1.conv.weight': [8, 6, 3],
        'wav2vec2_conformer.feature_projection.layer_norm.weight': [8],
        'wav2vec2_conformer.feature_projection.layer_norm.bias': [8],
        'wav2vec2_conformer.feature_projection.projection.weight': [8, 8],
        'wav2vec2_conformer.feature_projection.projection.bias': [8],
        ...Object.fromEntries(
          ['ffn1', 'ffn2'].flatMap((name) => [
            [`${block}${name}_layer_norm.weight`, [8]],
            [`${block}${name}_layer_norm.bias`, [8]],
            [`${block}${name}.intermediate_dense.weight`, [12, 8]],
            [`${block}${name}.intermediate_dense.bias`, [12]],
            [`${block}${name}.output_dense.weight`, [8, 12]],
            [`${block}${name}.output_dense.bias`, [8]],
          ]),
        ),
        ...Object.fromEntries(
          ['linear_q', 'linear_k', 'linear_v', 'linear_out'].flatMap((name) => [
            [`${block}self_attn.${name}.weight`, [8, 8]],
            [`${block}self_attn.${name}.bias`, [8]],
          ]),
        ),
        ...(positions === 'relative' && {
          [`${block}self_attn.linear_pos.weight`]: [8, 8],
          [`${block}self_attn.pos_bias_u`]: [2, 4],
          [`${block}self_attn.pos_bias_v`]: [2, 4],
        }),
        ...(positions === 'rotary' && {'wav2vec2_conformer.encoder.embed_positions.inv_freq': [2]}),
        ...Object.fromEntries(
          ['self_attn_layer_norm', 'conv_module.layer_norm', 'conv_module.batch_norm', 'final_layer_norm'].flatMap(
            (name) => [
              [`${block}${name}.weight`, [8]],
              [`${block}${name}.bias`, [8]],
            ],
          ),
        ),
        [`${block}conv_module.batch_norm.running_mean`]: [8],
        [`${block}conv_module.batch_norm.running_var`]: [8],
        [`${block}conv_module.batch_norm.num_batches_tracked`]: [1],
        [`${block}conv_module.pointwise_conv1.weight`]: [16, 8, 1],
        [`${block}conv_module.depthwise_conv.weight`]: [8, 1, 3],
        [`${block}conv_module.pointwise_conv2.weight`]: [8, 8, 1],
        'wav2vec2_conformer.encoder.layer_norm.weight': [8],
        'wav2vec2_conformer.encoder.layer_norm.bias': [8],
        'lm_head.weight': [5, 8],
        'lm_head.bias': [5],
      });
      const features = drawn([2, 40]);
      const loaded = await requireSame(files, model, features);
      expect(loaded.config).toEqual(model.config);
      for (const one of [model, loaded]) one.dispose();
      features.dispose();
    },
  );

  it('is read without what only training needs, with its counts as I64, and as an encoder alone', async () => {
    const model = conformer({...wav2vec2, vocabSize: null});
    model.layout = huggingFaceLayout;
    const {json, tensors} = await filesOf(model);
    expect(json.architectures).toEqual(['Wav2Vec2ConformerModel']);
    const prefixed = Object.entries(tensors).map(([name, tensor]) => [`wav2vec2_conformer.${name}`, tensor]);
    const zeros = (...shape: number[]) => ({shape, data: new Float32Array(tf.util.sizeFromShape(shape))});
    const more = {
      'wav2vec2_conformer.masked_spec_embed': zeros(8),
      'wav2vec2_conformer.encoder.pos_conv_embed.conv.bias': zeros(8),
      'quantizer.codevectors': zeros(1, 4, 2),
      'project_hid.weight': zeros(4, 8),
      'wav2vec2_conformer.encoder.layers.0.conv_module.batch_norm.num_batches_tracked': {
        shape: [],
        data: Int32Array.of(17),
      },
    };
    const features = drawn([2, 40]);
    const loaded = await requireSame({json, tensors: {...Object.fromEntries(prefixed), ...more}}, model, features);
    const counts = loaded.weights.filter(({originalName}) => originalName.endsWith('batches'));
    expect(counts.map((weight) => [...weight.read().dataSync()])).toEqual([[17]]);
    for (const one of [model, loaded]) one.dispose();
    features.dispose();
  });

  it.each<[object, RegExp]>([
    [{add_adapter: true}, /add_adapter is true, but only false can be loaded/],
    [
      {position_embeddings_type: 'learned'},
      /position_embeddings_type "learned" is unknown; known are relative, rotary/,
    ],
    [{rotary_embedding_base: 5000}, /rotary_embedding_base is 5000, but only 10000 can be loaded/],
    [{hidden_act: 'mish'}, /hidden_act "mish" is unknown/],
  ])('is refused with %o', async (fields, message) => {
    const model = conformer(wav2vec2);
    model.layout = huggingFaceLayout;
    const {json, tensors} = await filesOf(model);
    const loading = fromPretrained(sourceOf({json: {...json, ...fields}, tensors}));
    await expect(loading).rejects.toThrow(CheckpointError);
    await expect(loading).rejects.toThrow(message);
    model.dispose();
  });
});

describe("Hugging Face's rotary attention", () => {
  it('turns what queries and keys are made of, not queries and keys', async () => {
    const model = conformer({...wav2vec2, positions: 'rotary'});
    model.layout = huggingFaceLayout;
    const {tensors} = await filesOf(model);
    const [frames, D, H] = [4, 8, 2];
    const size = D / H;
    const random = new Random(2, 'x');
    const x = Array.from({length: frames}, () => Array.from({length: D}, () => random.normal()));
    const block = 'wav2vec2_conformer.encoder.layers.0.self_attn.';
    const project = (rows: number[][], name: string) =>
      rows.map((row) =>
        Array.from({length: D}, (_, o) => {
          const {data} = tensors[`${block}${name}.weight`];
          return row.reduce((sum, value, i) => sum + value * data[o * D + i], tensors[`${block}${name}.bias`].data[o]);
        }),
      );
    // Feature d of a head with feature d + size / 2, by the position times 10000^(-2 d / size).
    const turned = x.map((row, t) =>
      row.map((value, f) => {
        const d = f % size;
        const angle = t * 10000 ** ((-2 * (d % (size / 2))) / size);
        const other = d < size / 2 ? -row[f + size / 2] : row[f - size / 2];
        return value * Math.cos(angle) + other * Math.sin(angle);
      }),
    );
    const [q, k, v] = [project(turned, 'linear_q'), project(turned, 'linear_k'), project(x, 'linear_v')];
    const mixed = x.map((_, i) =>
      Array.from({length: D}, (__, f) => {
        const h = Math.floor(f / size);
        const score = (j: number) => {
          let sum = 0;
          for (let d = h * size; d < (h + 1) * size; d++) sum += q[i][d] * k[j][d];
          return Math.exp(sum / Math.sqrt(size));
        };
        const weights = x.map((___, j) => score(j));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        return weights.reduce((sum, weight, j) => sum + (weight / total) * v[j][f], 0);
      }),
    );
    const expected = project(mixed, 'linear_out').flat();
    const actual = tf.tidy(() => {
      const layer = model.getLayer('block_0') as unknown as {attention: {forward(x: tf.Tensor, o: object): tf.Tensor}};
      return layer.attention.forward(tf.tensor3d([x]), {training: false}).dataSync();
    });
    for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 4);
    model.dispose();
  });
});

describe('files of WeNet and ESPnet', () => {
  const recipe = (model: Conformer, more: object) =>
    filesOf(model).then(({json, tensors}) => {
      const {input_size, vocab_size, variants: _, ...encoder_conf} = json;
      return {
        json: {encoder: 'conformer', encoder_conf, input_dim: input_size, output_dim: vocab_size, ...more},
        tensors,
      };
    });

  it('may have the encoder under encoder_conf, a decoder, and statistics of features', async () => {
    const choices = {
      positions: 'key',
      scaleInput: true,
      finalNorm: true,
      padding: 'wenet',
      normalizesInput: true,
    } as const;
    const model = conformer({...small, ...choices});
    const files = await recipe(model, {decoder: 'transformer'});
    expect(Object.keys(files.tensors)).toEqual(
      expect.arrayContaining(['encoder.global_cmvn.mean', 'encoder.global_cmvn.istd']),
    );
    const decoder = {'decoder.embed.0.weight': {dtype: 'F32', shape: [5, 8], data: new Float32Array(40)} as const};
    const features = drawn([1, 31, 9]);
    const loaded = await requireSame({...files, tensors: {...files.tensors, ...decoder}}, model, features);
    expect(loaded.config).toEqual(model.config);
    for (const one of [model, loaded]) one.dispose();
    features.dispose();
  });

  it('of ESPnet have the positions of the paper, and are refused with the older ones', async () => {
    const model = conformer({...small, scaleInput: true, finalNorm: true, padding: 'keys', normEpsilon: 1e-12});
    const files = await recipe(model, {token_list: ['<blank>', 'a', 'b', 'c', '<sos/eos>']});
    (files.json.encoder_conf as {[field: string]: unknown}).rel_pos_type = 'latest';
    const features = drawn([1, 31, 9]);
    const loaded = await requireSame({...files, json: {...files.json, input_size: 9}}, model, features);
    expect(loaded.config).toEqual(model.config);
    expect(loaded.layout.name).toBe('espnet');
    (files.json.encoder_conf as {[field: string]: unknown}).rel_pos_type = 'legacy';
    await expect(fromPretrained(sourceOf(files))).rejects.toThrow(
      /rel_pos_type is "legacy", but only "latest" can be loaded/,
    );
    (files.json.encoder_conf as {[field: string]: unknown}).rel_pos_type = undefined;
    await expect(fromPretrained(sourceOf(files))).rejects.toThrow(/rel_pos_type is missing/);
    for (const one of [model, loaded]) one.dispose();
    features.dispose();
  });

  it.each([
    ['no_pos', 'selfattn', 'none', false],
    ['rel_pos', 'selfattn', 'none', true],
    ['abs_pos', 'selfattn', 'absolute', true],
  ] as const)('with positions %s and attention %s are known', async (encoding, attention, positions, scaleInput) => {
    const choices = {positions, scaleInput, finalNorm: true, padding: 'wenet'} as const;
    const model = conformer({...small, ...choices});
    const {json, tensors} = await recipe(model, {});
    const encoder_conf = json.encoder_conf as object;
    expect(encoder_conf).toMatchObject({pos_enc_layer_type: encoding, selfattention_layer_type: attention});
    const features = drawn([1, 31, 9]);
    const loaded = await requireSame({json, tensors}, model, features);
    expect(loaded.config).toEqual(model.config);
    for (const one of [model, loaded]) one.dispose();
    features.dispose();
  });

  it.each([
    {pos_enc_layer_type: 'rope_pos', selfattention_layer_type: 'rope_abs_selfattn'},
    {pos_enc_layer_type: 'abs_pos', selfattention_layer_type: 'rel_selfattn'},
    {pos_enc_layer_type: 'scaled_abs_pos', selfattention_layer_type: 'selfattn'},
  ])('are refused with %o', async (fields) => {
    const model = conformer({...small, positions: 'none', scaleInput: true, finalNorm: true, padding: 'wenet'});
    const {json, tensors} = await recipe(model, {});
    json.encoder_conf = {...(json.encoder_conf as object), ...fields};
    await expect(fromPretrained(sourceOf({json, tensors}))).rejects.toThrow(
      `pos_enc_layer_type "${fields.pos_enc_layer_type}" with selfattention_layer_type "${fields.selfattention_layer_type}" cannot be loaded`,
    );
    model.dispose();
  });

  it('of ESPnet have the deviations of features that it divides by', async () => {
    const choices = {normalizesInput: true, scaleInput: true, finalNorm: true, padding: 'keys'} as const;
    const model = conformer({...small, ...choices, normEpsilon: 1e-12});
    model.layout = espnetLayout;
    const [mean, deviation] = [1, 2, 4].map((step) => Float32Array.from({length: 9}, (_, i) => 1 + (i * step) / 9));
    tf.tidy(() => {
      for (const weight of model.weights) {
        if (weight.originalName === 'normalization/mean') weight.write(tf.tensor1d(mean));
        if (weight.originalName === 'normalization/scale') weight.write(tf.tensor1d(deviation).reciprocal());
      }
    });
    const {json, tensors} = await filesOf(model);
    expect([...tensors['normalize.mean'].data]).toEqual([...mean]);
    for (const [i, value] of [...tensors['normalize.std'].data].entries()) expect(value).toBeCloseTo(deviation[i], 6);
    const loaded = await fromPretrained(sourceOf({json, tensors}));
    expect(loaded.config).toEqual(model.config);
    await expect(
      fromPretrained(sourceOf({json: {...json, normalize_conf: {norm_vars: false}}, tensors})),
    ).rejects.toThrow(/normalize_conf.norm_vars is false, but only true can be loaded/);
    const features = drawn([1, 31, 9]);
    const wanted = logitsOf(model, features);
    for (const [i, value] of logitsOf(loaded, features).entries()) expect(value).toBeCloseTo(wanted[i], 4);
    for (const one of [model, loaded]) one.dispose();
    features.dispose();
  });

  it('with chunks are read with another number of them where that is asked for', async () => {
    const model = conformer({...small, causal: true, chunkSize: 4, leftChunks: 2, positions: 'key', padding: 'wenet'});
    const loaded = await fromPretrained(sourceOf(await filesOf(model)), {config: {chunkSize: 2, leftChunks: null}});
    expect(loaded.config).toEqual({...model.config, chunkSize: 2, leftChunks: null});
    for (const one of [model, loaded]) one.dispose();
  });
});

describe('every layout', () => {
  it.each(layouts.map((layout) => [layout.name, layout]))(
    '%s keeps a model of any configuration',
    async (_, layout) => {
      const odd: ConformerOptions[] = [
        {
          ...small,
          finalNorm: true,
          convolutionFirst: true,
          halfSteps: false,
          causal: true,
          chunkSize: 3,
          kernelSize: 2,
        },
        {...small, frontEnd: 'none', inputSize: 8, positions: 'absolute', convolutionNorm: 'layer', headBias: false},
        {...wav2vec2, positions: 'key', finalNorm: false},
      ];
      for (const options of layout === huggingFaceLayout ? odd.slice(2) : odd) {
        const model = conformer({...options, blank: 1});
        model.layout = layout;
        const features = drawn(model.config.inputSize === null ? [1, 40] : [1, 31, model.config.inputSize]);
        const loaded = await requireSame(await filesOf(model), model, features);
        expect(loaded.config).toEqual(model.config);
        for (const one of [model, loaded]) one.dispose();
        features.dispose();
      }
    },
  );

  it('is told by its tensors, so that a folder with none of them is refused', async () => {
    const weights = writeSafetensors({'encoder.weight': {shape: [1], data: new Float32Array(1)}});
    await expect(fromPretrained({config: {}, weights})).rejects.toThrow(CheckpointError);
  });
});
