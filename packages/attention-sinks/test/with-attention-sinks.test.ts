import * as tf from '@tensorflow/tfjs';
import {type LanguageModel, languageModel, scaledAngles} from '@variants/core';
import '@variants/core/simd';
import {AdamW} from '@variants/train';
import {afterAll, describe, expect, it} from 'vitest';
import {attentionSinks, layers, withAttentionSinks} from '../src';

afterAll(() => tf.setBackend('cpu'));

const small = {vocabSize: 11, hiddenSize: 16, numHeads: 2, numLayers: 2, intermediateSize: 24};

const rotary = scaledAngles(8, 10000, null);
const hosts: {[name: string]: () => LanguageModel} = {
  'its own, llama': () => attentionSinks({...small, cache: 'growing', maxSequenceLength: 16}),
  'its own, mpt': () => attentionSinks({...small, family: 'mpt', cache: 'growing', maxSequenceLength: 16}),
  'mixed blocks': () =>
    languageModel({
      ...{vocabSize: 11, hiddenSize: 16},
      blocks: [
        layers.selfAttention({numHeads: 2, rotary, maxSequenceLength: 16}),
        layers.transformerBlock({attention: {numHeads: 2, rotary}, intermediateSize: 24, gated: true}),
      ],
    }),
};

const text = (length: number) => Array.from({length}, (_, i) => (i * i + 3) % 11);
const logitsOf = (model: LanguageModel, tokens: number[]) => tf.tidy(() => model.logits(tokens).dataSync<'float32'>());

/** What has happened to the weights of a model. */
const weightsOf = (model: LanguageModel) => model.weights.map((weight) => [...weight.read().dataSync()]);

it('leaves positions alone that are scaled by the length, as long as the cache fits what the model was trained on', () => {
  const ropeScaling = {type: 'dynamic', factor: 4, originalMaxSequenceLength: 7} as const;
  const host = attentionSinks({...small, cache: 'growing', maxSequenceLength: 28, ropeScaling});
  const model = withAttentionSinks(host, {numSinks: 2, windowSize: 5});
  expect(logitsOf(model, text(7))).toEqual(logitsOf(host, text(7)));
  model.dispose();
  host.dispose();
});

describe.each(Object.entries(hosts))('withAttentionSinks of %s', (_, create) => {
  it('gives what the model gives as long as the cache holds all, and then goes on without an end', () => {
    const [host, numSinks, windowSize] = [create(), 2, 5];
    const model = withAttentionSinks(host, {numSinks, windowSize});
    expect(model.constructor).toBe(host.constructor);
    expect(model.contextLength).toBe(null);
    const tokens = text(16);
    const [dense, endless] = [host, model].map((each) => logitsOf(each, tokens));
    const same = (numSinks + windowSize + 1) * 11;
    endless.subarray(0, same).forEach((value, i) => {
      expect(value).toBeCloseTo(dense[i], 5);
    });
    expect(endless.subarray(same).some((value, i) => Math.abs(value - dense[same + i]) > 1e-4)).toBe(true);
    let {logits, state} = model.stream(text(3));
    const {bytes} = state;
    for (let i = 0; i < 30; i++) {
      logits.dispose();
      ({logits, state} = model.stream([i % 11], state));
    }
    expect(state.bytes).toBe(bytes);
    expect(logits.dataSync().every(Number.isFinite)).toBe(true);
    tf.dispose(logits);
    state.dispose();
    host.dispose();
    expect(logitsOf(model, tokens)).toEqual(endless);
    model.dispose();
  });

  it.each(['cpu', 'simd'])('copies the weights: training one leaves the other, on %s', async (engine) => {
    await tf.setBackend(engine);
    const host = create();
    const model = withAttentionSinks(host, {numSinks: 1, windowSize: 3});
    const before = weightsOf(host);
    expect(weightsOf(model)).toEqual(before);
    for (const [trained, other] of [
      [model, host],
      [host, model],
    ]) {
      const untouched = weightsOf(other);
      const optimizer = new AdamW({});
      const variables = trained.trainableWeights.map((weight) => weight.read() as tf.Variable);
      for (let step = 0; step < 2; step++) {
        const {value, grads} = tf.variableGrads(() => trained.loss([text(9)]), variables);
        optimizer.applyGradients(grads);
        tf.dispose([value, grads]);
      }
      optimizer.dispose();
      expect(weightsOf(other)).toEqual(untouched);
      expect(weightsOf(trained)).not.toEqual(before);
    }
    host.dispose();
    model.dispose();
  });
});

describe('withAttentionSinks', () => {
  it('fills the length that the model was trained for, and takes 4 + 1020 where nobody says how long that was', () => {
    const host = attentionSinks({...small, maxSequenceLength: 64});
    const filled = withAttentionSinks(host, {numSinks: 1});
    expect(filled.config).toMatchObject({numSinks: 1, windowSize: 63, cache: 'rolling'});
    const blockOf = (create: () => LanguageModel) => {
      const mixed = create();
      const endless = withAttentionSinks(mixed);
      const [{config}] = (endless.config as unknown as {blocks: {config: object}[]}).blocks;
      for (const model of [mixed, endless]) model.dispose();
      return config;
    };
    const endless = {cachePositions: 'inCache', maxSequenceLength: null, sinks: 4};
    expect(blockOf(hosts['mixed blocks'])).toMatchObject({...endless, window: 13});
    const unlimited = () =>
      languageModel({vocabSize: 11, hiddenSize: 16, blocks: [layers.selfAttention({numHeads: 2, rotary})]});
    expect(blockOf(unlimited)).toMatchObject({...endless, window: 1021});
    for (const model of [host, filled]) model.dispose();
  });
});
