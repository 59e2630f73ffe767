import * as tf from '@tensorflow/tfjs';
import {type CheckpointFiles, checkpointFiles, readSafetensors, writeSafetensors} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type EncoderDecoder, encoderDecoder, fromPretrained, layers, presets} from '../src';
import {torchTransformer} from '../src/seq2seq/checkpoint';
import {countEncoderDecoderParameters, resolveEncoderDecoderConfig} from '../src/seq2seq/config';

const small = {sourceVocabSize: 7, hiddenSize: 8, numHeads: 2, numEncoderLayers: 1, numDecoderLayers: 1};

describe('the configuration of an encoder-decoder', () => {
  it('has the defaults of the paper, with norms in front', () => {
    expect(resolveEncoderDecoderConfig({sourceVocabSize: 7})).toEqual({
      sourceVocabSize: 7,
      targetVocabSize: 7,
      hiddenSize: 512,
      numHeads: 8,
      numEncoderLayers: 6,
      numDecoderLayers: 6,
      intermediateSize: 2048,
      activation: 'relu',
      normEpsilon: 1e-5,
      normalization: 'pre',
      finalNorm: true,
      shareEmbeddings: false,
      outputBias: true,
      scaleEmbedding: true,
      maxSequenceLength: 1024,
      padToken: 0,
      labelSmoothing: 0,
      dropout: 0,
      seed: 0,
    });
    const shared = resolveEncoderDecoderConfig({sourceVocabSize: 7, shareEmbeddings: true, normalization: 'post'});
    expect(shared).toMatchObject({outputBias: false, finalNorm: false});
  });

  it.each([
    [{sourceVocabSize: 0}, /sourceVocabSize is 0, but must be a whole number of at least 1/],
    [{numHeads: 3}, /encoderDecoder: numHeads is 3, but must divide hiddenSize 8/],
    [{normalization: 'sandwich'}, /normalization is "sandwich", but must be one of pre, post/],
    [{activation: 'swish'}, /activation is "swish", but must be one of/],
    [{labelSmoothing: 1}, /labelSmoothing is 1/],
    [{dropout: -0.1}, /dropout is -0.1/],
    [{padToken: 7}, /padToken is 7, but must be below both vocabulary sizes, 7/],
    [{targetVocabSize: 6, padToken: 6}, /padToken is 6, but must be below both vocabulary sizes, 6/],
    [{shareEmbeddings: true, targetVocabSize: 6}, /targetVocabSize is 6, but must be sourceVocabSize 7/],
    [{shareEmbeddings: true, outputBias: true}, /outputBias is true, but the logits have no bias/],
    [{numLayers: 2}, /unknown field numLayers; known are/],
  ])('refuses %o', (fields, message) => {
    const before = tf.memory().numTensors;
    expect(() => encoderDecoder({...small, ...(fields as object)})).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('comes back from torch fields as it was', async () => {
    const any = fc.record({
      sourceVocabSize: fc.integer({min: 4, max: 9}),
      targetVocabSize: fc.integer({min: 4, max: 9}),
      numEncoderLayers: fc.integer({min: 1, max: 3}),
      numDecoderLayers: fc.integer({min: 1, max: 3}),
      intermediateSize: fc.integer({min: 1, max: 9}),
      activation: fc.constantFrom('relu', 'gelu', 'silu', 'geluTanh'),
      normEpsilon: fc.constantFrom(1e-5, 1e-3),
      normalization: fc.constantFrom('pre', 'post'),
      finalNorm: fc.boolean(),
      outputBias: fc.boolean(),
      scaleEmbedding: fc.boolean(),
      maxSequenceLength: fc.integer({min: 1, max: 9}),
      padToken: fc.integer({min: 0, max: 3}),
      labelSmoothing: fc.constantFrom(0, 0.1),
      dropout: fc.constantFrom(0, 0.3),
    } as const);
    await fc.assert(
      fc.asyncProperty(any, fc.boolean(), async (fields, shareEmbeddings) => {
        const shared = {targetVocabSize: fields.sourceVocabSize, outputBias: false, shareEmbeddings};
        const config = resolveEncoderDecoderConfig({
          ...fields,
          ...(shareEmbeddings && shared),
          hiddenSize: 8,
          numHeads: 2,
        });
        const json = JSON.parse(JSON.stringify(torchTransformer.writeConfig(config)));
        expect(await torchTransformer.readConfig({name: 'test', config: json} as never)).toEqual(config);
      }),
      {numRuns: 50},
    );
  });
});

describe('presets', () => {
  it('have the sizes of the paper', () => {
    const millions = (name: 'transformer-base' | 'transformer-big') =>
      countEncoderDecoderParameters(resolveEncoderDecoderConfig(presets[name])) / 1e6;
    // The paper says 65 and 213, counting with another vocabulary.
    expect(millions('transformer-base')).toBeCloseTo(63.1, 1);
    expect(millions('transformer-big')).toBeCloseTo(214.2, 0);
  });
});

describe('a checkpoint of nn.Transformer', () => {
  async function withFiles(body: (files: CheckpointFiles) => Promise<void>, fields: object = {}) {
    const model = encoderDecoder({...small, ...fields});
    const files = await checkpointFiles(model);
    model.dispose();
    await body(files);
  }
  const load = (config: object, weights: Uint8Array) =>
    fromPretrained<EncoderDecoder>({config: config as Record<string, unknown>, weights});

  it('has the tensors of torch: queries, keys and values as one', () =>
    withFiles(async (files) => {
      const {tensors} = readSafetensors(files['model.safetensors']);
      const shape = (name: string) => [...tensors[name].shape];
      expect(shape('transformer.encoder.layers.0.self_attn.in_proj_weight')).toEqual([24, 8]);
      expect(shape('transformer.decoder.layers.0.multihead_attn.in_proj_bias')).toEqual([24]);
      expect(shape('transformer.encoder.layers.0.linear1.weight')).toEqual([32, 8]);
      expect(shape('transformer.decoder.norm.weight')).toEqual([8]);
      expect(shape('generator.bias')).toEqual([7]);
      const encoder = Object.keys(tensors).filter((name) => name.startsWith('transformer.encoder.layers.0'));
      expect(encoder).toHaveLength(12);
    }));

  it('may hold the table of positions, which is left alone, and a bias that sharing leaves out', () =>
    withFiles(
      async (files) => {
        const {tensors} = readSafetensors(files['model.safetensors']);
        const position = {shape: [5, 1, 8], data: new Float32Array(40)};
        const weights = writeSafetensors({...tensors, 'positional_encoding.pos_embedding': position});
        const config = {...JSON.parse(files['config.json']), generator_bias: true};
        const model = await load(config, weights);
        expect(model.config.outputBias).toBe(false);
        model.dispose();
      },
      {shareEmbeddings: true},
    ));

  it('takes fields that differ, and needs the number of heads', () =>
    withFiles(async (files) => {
      const weights = files['model.safetensors'];
      const {nhead: _, ...config} = JSON.parse(files['config.json']);
      await expect(load(config, weights)).rejects.toThrow(
        'weights: its configuration lacks nhead, which layout torch-transformer needs',
      );
      const source = {config: {...config, nhead: 2}, weights};
      const longer = await fromPretrained<EncoderDecoder>(source, {config: {maxSequenceLength: 2000}});
      expect(longer.contextLength).toBe(2000);
      longer.dispose();
    }));

  it('that misses a tensor or has one too many is refused by its names', () =>
    withFiles(async (files) => {
      const {tensors} = readSafetensors(files['model.safetensors']);
      const config = JSON.parse(files['config.json']);
      const {'generator.bias': bias, ...rest} = tensors;
      const before = tf.memory().numTensors;
      await expect(load(config, writeSafetensors(rest))).rejects.toThrow(
        'tensor "generator.bias" of shape [7] is missing',
      );
      await expect(load(config, writeSafetensors({...tensors, extra: bias}))).rejects.toThrow('tensor "extra"');
      expect(tf.memory().numTensors).toBe(before);
    }));
});

describe('the blocks as layers', () => {
  it('train in a tf.model of the user, with masks and a memory', async () => {
    const config = {numHeads: 2, intermediateSize: 8};
    const [x, y] = [3, 2].map((time) => tf.input({shape: [time, 4]}));
    const [xMask, yMask] = [3, 2].map((time) => tf.input({shape: [time]}));
    const memory = layers.encoderBlock({...config, name: 'encoder'}).apply([x, xMask]) as tf.SymbolicTensor;
    const decoder = layers.decoderBlock({...config, name: 'decoder', normalization: 'post'});
    const outputs = decoder.apply([y, memory, xMask, yMask]) as tf.SymbolicTensor;
    const model = tf.model({inputs: [x, xMask, y, yMask], outputs});
    model.compile({optimizer: 'sgd', loss: 'meanSquaredError'});

    const source = tf.randomNormal([2, 3, 4], 0, 1, 'float32', 1);
    // The last position of the second row is padding.
    const sourceMask = tf.tensor2d([1, 1, 1, 1, 1, 0], [2, 3]);
    const others = [sourceMask, tf.randomNormal([2, 2, 4], 0, 1, 'float32', 2), tf.ones([2, 2])];
    const wanted = tf.zeros([2, 2, 4]);
    const {history} = await model.fit([source, ...others], wanted, {epochs: 3, verbose: 0});
    expect(history.loss[2]).toBeLessThan(history.loss[0] as number);

    tf.tidy(() => {
      const outputFor = (from: tf.Tensor) => (model.predict([from, ...others]) as tf.Tensor3D).arraySync();
      const lastMoved = source.mul(tf.tensor3d([1, 1, 2], [1, 3, 1]));
      expect(outputFor(lastMoved)[0]).not.toEqual(outputFor(source)[0]);
      expect(outputFor(lastMoved)[1]).toEqual(outputFor(source)[1]);
    });
    tf.dispose([source, others, wanted]);
    model.dispose();
  });

  it('of attention alone look from a sequence to a source', () => {
    const layer = layers.multiHeadAttention({numHeads: 2});
    tf.tidy(() => {
      const y = layer.apply([tf.ones([1, 2, 4]), tf.ones([1, 5, 3])]) as tf.Tensor;
      expect(y.shape).toEqual([1, 2, 4]);
    });
    layer.dispose();
  });
});
