import {existsSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {byteTokenizer, ConfigError, inspect, StreamState, saveCheckpoint, VariantsError} from '@variants/core';
import {readText, textWindows, train} from '@variants/train';
import {expect, test} from 'vitest';
import * as retnetPackage from '../src';

const {fromPretrained, layers, retnet} = retnetPackage;
const small = {vocabSize: 256, hiddenSize: 16, numLayers: 2, numHeads: 2};

test('a model in ten lines: train, then generate', async () => {
  const model = retnet(small);
  const {training, validation} = textWindows(await readText('moby-dick'), {
    sequenceLength: 16,
    tokenizer: byteTokenizer,
  });
  const losses: number[] = [];
  for await (const step of train(model, training, {
    steps: 3,
    batchSize: 2,
    learningRate: 3e-3,
    validation,
    validationTokens: 64,
  })) {
    losses.push(step.loss);
    expect(step.tokensPerSecond).toBeGreaterThan(0);
  }
  expect(losses).toHaveLength(3);
  let text = '';
  for await (const piece of model.generate('Call me', {
    tokenizer: byteTokenizer,
    maxTokens: 5,
    temperature: 0.8,
    seed: 1,
  }))
    text += piece;
  expect(text.length).toBeGreaterThan(0);
  model.dispose();
});

test('the package exports the names that every architecture exports', () => {
  expect(Object.keys(retnetPackage)).toEqual(
    expect.arrayContaining(['retnet', 'layers', 'ops', 'presets', 'fromPretrained', 'card']),
  );
});

test('a stream: prefill, one token, bytes, clone, save', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'variants-api-'));
  const model = retnet(small);
  let {logits, state} = model.stream([1, 2, 3]);
  logits.dispose();
  ({logits, state} = model.stream([4], state));
  const branch = state.clone();
  await state.save(join(directory, 'prompt.state'));
  const loaded = await StreamState.load(join(directory, 'prompt.state'));
  expect(loaded.bytes).toBe(state.bytes);
  for (const each of [state, branch, loaded]) each.dispose();
  logits.dispose();
  model.dispose();
  rmSync(directory, {recursive: true});
});

test("checkpoints: the authors' names, and tfjs's own way", async () => {
  const directory = mkdtempSync(join(tmpdir(), 'variants-api-'));
  const model = retnet(small);
  await saveCheckpoint(model, directory);
  expect(existsSync(join(directory, 'config.json'))).toBe(true);
  const summary = await inspect(directory, [model.layout]);
  expect(summary.layout).toBe('torchscale');
  expect(summary.tensors.map(({name}) => name)).toContain('layers.0.retention.q_proj.weight');
  const copy = await fromPretrained(directory);

  let artifacts: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler(async (saved) => {
      artifacts = saved;
      return {modelArtifactsInfo: {dateSaved: new Date(), modelTopologyType: 'JSON'}};
    }),
  );
  const again = await tf.loadLayersModel(tf.io.fromMemory(artifacts as tf.io.ModelArtifacts));
  for (const other of [copy, again])
    other.getWeights().forEach((weight, i) => {
      expect(weight.dataSync()).toEqual(model.getWeights()[i].dataSync());
    });
  for (const each of [model, copy, again]) each.dispose();
  rmSync(directory, {recursive: true});
});

test('layers in a tfjs program', async () => {
  const model = tf.sequential({
    layers: [tf.layers.inputLayer({inputShape: [8, 8]}), layers.retention({numHeads: 2}), tf.layers.dense({units: 10})],
  });
  const [x, y] = [tf.zeros([2, 8, 8]), tf.ones([2, 8, 10])];
  const optimizer = tf.train.adam();
  model.compile({optimizer, loss: 'meanSquaredError'});
  const {history} = await model.fit(x, y, {epochs: 2, verbose: 0});
  expect(history.loss[1]).toBeLessThan(history.loss[0] as number);
  optimizer.dispose();
  model.dispose();
  tf.dispose([x, y]);
});

test('errors are classes with one line that names the field, its value and what is allowed', () => {
  expect(() => retnet({...small, numHeads: 5})).toThrow(ConfigError);
  expect(() => retnet({...small, numHeads: 5})).toThrow(VariantsError);
  expect(() => retnet({...small, numHeads: 5})).toThrow(/^retnet: numHeads is 5, but must divide hiddenSize 16 .*$/);
  expect(() => retnet({...small, headCount: 5} as typeof small)).toThrow(
    /^retnet: unknown field headCount; known are /,
  );
});
