import * as tf from '@tensorflow/tfjs';
import {CheckpointError, writeSafetensors} from '@variants/core';
import {expect, it} from 'vitest';
import {type RwkvOptions, rwkv, tunedState} from '../src';

const small = {vocabSize: 8, hiddenSize: 16, numLayers: 2, numHeads: 2, intermediateSize: 16};

/** A checkpoint of nothing but states, as state tuning writes it. */
const statesFile = (heads: number, size: number, count = 2) => ({
  weights: writeSafetensors(
    Object.fromEntries(
      Array.from({length: count}, (_, i) => {
        const values = Float32Array.from({length: heads * size * size}, (_, n) => Math.sin(n + 7 * i));
        return [`blocks.${i}.att.time_state`, {shape: [heads, size, size], data: values}];
      }),
    ),
  ),
});

it('begins a stream as the same state learned with the weights does', async () => {
  const [plain, tuned] = [false, true].map((initialState) => rwkv({...small, version: 6, initialState}));
  const file = statesFile(2, 8);
  tf.tidy(() => {
    // At first the mixes put out nothing.
    plain.weights.forEach((weight, i) => {
      weight.write(tf.randomNormal(weight.shape as number[], 0, 0.3, 'float32', i));
    });
    const values = new Map(plain.weights.map((weight) => [weight.originalName, weight.read()]));
    for (const weight of tuned.weights) {
      const own = values.get(weight.originalName);
      const block = weight.originalName.startsWith('block_1') ? 1 : 0;
      const learned = tf
        .range(0, 128)
        .add(7 * block)
        .sin()
        .reshape([2, 8, 8]);
      weight.write((own ?? learned) as tf.Tensor);
    }
  });
  const state = await tunedState(plain, file);
  const [actual, expected] = [plain.stream([1, 2, 3], state), tuned.stream([1, 2, 3])];
  const difference = (other: tf.Tensor) => tf.tidy(() => actual.logits.sub(other).abs().max().dataSync()[0]);
  expect(difference(expected.logits)).toBeLessThan(1e-6);
  const none = plain.stream([1, 2, 3]);
  expect(difference(none.logits)).toBeGreaterThan(1e-3);
  for (const each of [actual, expected, none]) {
    each.state.dispose();
    tf.dispose(each.logits);
  }
  plain.dispose();
  tuned.dispose();
});

it('is gone on from by generate, which leaves it as it was', async () => {
  for (const version of [5, 6, 7] as const) {
    const model = rwkv({...small, version});
    const state = await tunedState(model, statesFile(2, 8));
    const generated = async () => {
      const ids: number[] = [];
      for await (const id of model.generate([1], {state, maxTokens: 5, temperature: 0})) ids.push(id);
      return ids;
    };
    expect(await generated()).toHaveLength(5);
    expect(await generated()).toEqual(await generated());
    expect(state.length).toBe(0);
    expect(state.bytes).toBe(2 * 4 * (2 * 16 + 2 * 8 * 8));
    state.dispose();
    model.dispose();
  }
});

it.each<[string, Partial<RwkvOptions>, ReturnType<typeof statesFile>]>([
  ['version 4 has no states that could be tuned', {version: 4, numHeads: 0}, statesFile(2, 8)],
  ['tensor "blocks.0.att.time_state" has shape [2, 4, 4]; the model needs [2, 8, 8]', {version: 7}, statesFile(2, 4)],
  ['tensor "blocks.1.att.time_state" is missing; the model needs [2, 8, 8]', {version: 5}, statesFile(2, 8, 1)],
])('refuses: %s', async (message, options, file) => {
  const model = rwkv({...small, ...options});
  const before = tf.memory().numTensors;
  await expect(tunedState(model, file)).rejects.toThrow(CheckpointError);
  await expect(tunedState(model, file)).rejects.toThrow(message);
  expect(tf.memory().numTensors).toBe(before);
  model.dispose();
});

it('says what is missing where nothing follows it', async () => {
  const model = rwkv({...small, version: 7});
  const state = await tunedState(model, statesFile(2, 8));
  expect(() => model.generate([], {state})).toThrow(/the state was fed no token yet; give at least one token/);
  expect(() => model.nextLogits(state)).toThrow(/the stream state was fed no token yet; feed it one/);
  expect(() => model.nextLogits(undefined as never)).toThrow(
    /the state is undefined, but must be a StreamState, as stream\(\) returns it/,
  );
  const other = rwkv({...small, version: 6});
  expect(() => other.stream([1], state)).toThrow(/made by rwkv with .*version 7.*, and this is rwkv with .*version 6/);
  state.dispose();
  for (const each of [model, other]) each.dispose();
});
