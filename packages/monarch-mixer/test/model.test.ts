import * as tf from '@tensorflow/tfjs';
import {setThreads} from '@variants/core/simd';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {type MonarchMixerOptions, monarchMixer} from '../src';

const small = {vocabSize: 8, hiddenSize: 8, numLayers: 1, intermediateSize: 8, maxSequenceLength: 300, filterSize: 4};

beforeAll(async () => {
  await setThreads(1);
  await tf.setBackend('simd');
});
afterAll(() => tf.setBackend('cpu'));

describe.each<[string, Partial<MonarchMixerOptions>]>([
  ['a plain model', {}],
  ['a model in a basis', {basisBlock: 10}],
])('a stream of %s', (_, fields) => {
  it('gives what the whole gives, token by token, while its room grows', () => {
    const model = monarchMixer({...small, ...fields});
    const tokens = Array.from({length: 150}, (_, i) => (i * i + 3 * i) % 8);
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const whole = model.logits(tokens).squeeze<tf.Tensor2D>([0]);
      let step = model.stream(tokens.slice(0, 100));
      let furthest = whole
        .slice([0, 0], [100, 8])
        .sub(step.logits.squeeze([0]))
        .abs()
        .max();
      for (let t = 100; t < tokens.length; t++) {
        step = model.stream([tokens[t]], step.state);
        const difference = whole
          .slice([t, 0], [1, 8])
          .sub(step.logits.squeeze([0]))
          .abs()
          .max();
        furthest = furthest.maximum(difference);
      }
      expect(furthest.dataSync()[0]).toBeLessThan(1e-5);
      step.state.dispose();
    });
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });
});

it('holds as many tensors after 250 generated tokens as before', async () => {
  const model = monarchMixer(small);
  const before = tf.memory().numTensors;
  let count = 0;
  for await (const _ of model.generate([1, 2], {maxTokens: 250, seed: 1})) count++;
  expect(count).toBe(250);
  expect(tf.memory().numTensors).toBe(before);
  model.dispose();
});
