import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {aft} from '@variants/aft';
import {
  CausalLayer,
  ConfigError,
  type LanguageModel,
  languageModel,
  languageModelFromPretrained,
  type MixedLanguageModelOptions,
  Random,
  type RunLayer,
  saveCheckpoint,
  start,
} from '@variants/core';
import {hyena} from '@variants/hyena';
import {monarchMixer} from '@variants/monarch-mixer';
import {layers as retNetLayers, retnet} from '@variants/retnet';
import {rwkv, layers as rwkvLayers} from '@variants/rwkv';
import {checkpointed} from '@variants/train';
import {transformer, layers as transformerLayers} from '@variants/transformer';
import {conformance} from '@variants-tooling/conformance';
import {beforeAll, describe, expect, it} from 'vitest';

const shape = {vocabSize: 11, hiddenSize: 16, numLayers: 3, intermediateSize: 24};
const context = {...shape, maxSequenceLength: 16};

/** A package's own model, and what of a chain of its blocks is not as by default. */
const own: [name: string, create: () => LanguageModel, rest: Partial<MixedLanguageModelOptions>][] = [
  ['transformer', () => transformer({...context, numHeads: 2}), {}],
  ['retnet', () => retnet({...shape, numHeads: 2}), {}],
  ['rwkv 7', () => rwkv({...shape, version: 7, numHeads: 2}), {norm: 'layerNorm', embeddingNorm: true}],
  ['rwkv 4', () => rwkv({...shape, version: 4}), {norm: 'layerNorm', embeddingNorm: true}],
  ['hyena', () => hyena(context), {norm: 'layerNorm'}],
  ['aft', () => aft({...context, variant: 'local', windowSize: 4}), {norm: 'layerNorm', maxSequenceLength: 16}],
  ['monarch-mixer', () => monarchMixer(context), {norm: 'layerNorm'}],
];

const tokens = [
  [1, 5, 2, 9, 0, 3, 7],
  [4, 4, 8, 1, 10, 6, 2],
];

const hybridBlocks = () => {
  const heads = {numHeads: 2, intermediateSize: 24};
  return [
    retNetLayers.retNetBlock(heads),
    rwkvLayers.rwkvBlock({version: 7, ...heads, layerIndex: 0, numLayers: 2}),
    transformerLayers.transformerBlock({attention: {numHeads: 2}, intermediateSize: 24}),
    rwkvLayers.rwkvBlock({version: 7, ...heads, layerIndex: 1, numLayers: 2}),
  ];
};
const hybrid = (seed = 0) => languageModel({vocabSize: 11, hiddenSize: 16, blocks: hybridBlocks(), seed});

const valuesOf = (make: () => tf.Tensor) => tf.tidy(() => make().dataSync<'float32'>().slice());

beforeAll(() => start({engine: 'simd', threads: 1}));

describe('a chain of blocks of one kind', () => {
  it.each(own)('computes what the model of %s computes', (_, create, rest) => {
    const model = create();
    const blocks = model.layers.filter(
      (layer): layer is CausalLayer => layer.name.startsWith('block_') && layer instanceof CausalLayer,
    );
    const {normEpsilon} = model.config as unknown as {normEpsilon?: number};
    const mixed = languageModel({vocabSize: 11, hiddenSize: 16, blocks, normEpsilon, ...rest});
    const theirs = new Map(model.weights.map((weight) => [weight.originalName, weight]));
    for (const weight of mixed.weights) {
      const source = theirs.get(weight.originalName);
      if (source) weight.write(source.read());
      else expect(weight.originalName).toMatch(/^head\//);
    }
    expect(valuesOf(() => mixed.hidden(tokens))).toEqual(valuesOf(() => model.hidden(tokens)));

    for (const each of [model, mixed]) each.dispose();
  });
});

describe('a model of mixed blocks', () => {
  it('streams with one state what it computes in one pass', () => {
    const model = hybrid();
    const whole = valuesOf(() => model.logits(tokens));
    const pieces = tf.tidy(() => {
      let state: ReturnType<typeof model.stream>['state'] | undefined;
      const logits = [0, 1, 2, 5].map((from, i, cuts) => {
        const step = model.stream(
          tokens.map((row) => row.slice(from, cuts[i + 1])),
          state,
        );
        state = step.state;
        return step.logits;
      });
      const all = tf.concat(logits, 1).dataSync().slice();
      state?.dispose();
      return all;
    });
    whole.forEach((value, i) => {
      expect(pieces[i]).toBeCloseTo(value, 4);
    });
    model.dispose();
  });

  it('gives every weight the same gradient with gradient checkpointing, through what travels beside x', () => {
    const model = hybrid();
    const recomputing: RunLayer = (layer, x, options) =>
      layer.isComposite && x.dtype === 'float32' ? checkpointed(layer, x, options) : layer.pass(x, options);
    tf.tidy(() => {
      // Some projections begin at zero and would pass no gradient on.
      for (const weight of model.trainableWeights)
        weight.write(weight.read().add(tf.randomNormal(weight.shape as number[], 0, 0.1, 'float32', 1)));
      const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
      const ids = tf.tensor2d(tokens, undefined, 'int32');
      const gradients = (run?: RunLayer) =>
        tf.variableGrads(() => {
          const options = {training: true, random: new Random(1)};
          return model.forward(ids, options, run).square().mean();
        }, variables).grads;
      const [kept, saved] = [gradients(), gradients(recomputing)];
      for (const [name, gradient] of Object.entries(kept)) {
        const largest = gradient.abs().max().dataSync()[0];
        expect(largest).toBeGreaterThan(0);
        expect(gradient.sub(saved[name]).abs().max().dataSync()[0]).toBeLessThanOrEqual(1e-5 * largest);
      }
    });
    model.dispose();
  });

  it('is saved and loaded, by its own files and by tfjs', async () => {
    const model = hybrid(5);
    const expected = valuesOf(() => model.logits(tokens));
    const folder = await mkdtemp(join(tmpdir(), 'variants-mixed-'));
    try {
      await saveCheckpoint(model, folder);
      const loaded = await languageModelFromPretrained(folder);
      expect(valuesOf(() => loaded.logits(tokens))).toEqual(expected);
      loaded.dispose();
      await model.save(`file://${folder}/tfjs`);
      const again = (await tf.loadLayersModel(`file://${folder}/tfjs/model.json`)) as unknown as LanguageModel;
      expect(valuesOf(() => again.logits(tokens))).toEqual(expected);
      again.dispose();
    } finally {
      await rm(folder, {recursive: true});
      model.dispose();
    }
  });

  it('says what is no block', () => {
    expect(() => languageModel({vocabSize: 3, hiddenSize: 4, blocks: []})).toThrow(ConfigError);
    expect(() => languageModel({vocabSize: 3, hiddenSize: 4, blocks: [{className: 'NoBlock', config: {}}]})).toThrow(
      'languageModel: block 0 is a NoBlock, which nothing registered',
    );
    expect(() =>
      languageModel({vocabSize: 3, hiddenSize: 4, blocks: [{className: 'Dense', config: {units: 4}}]}),
    ).toThrow('languageModel: block 0 is a Dense, but must be a causal layer');
  });
});

conformance({
  name: 'a model of mixed blocks',
  create: (overrides) => languageModel({vocabSize: 11, hiddenSize: 16, blocks: hybridBlocks(), ...overrides}),
  fromPretrained: languageModelFromPretrained,
  invalid: [[{norm: 'batchNorm'}, /norm is "batchNorm", but must be one of layerNorm, rmsNorm/]],
});
