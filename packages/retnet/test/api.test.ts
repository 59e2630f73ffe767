import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {byteTokenizer, inspect, StreamState, saveCheckpoint, start} from '@variants/core';
import {setThreads} from '@variants/core/simd';
import {readText, textWindows, train} from '@variants/train';
import {afterEach, beforeAll, beforeEach, expect, test} from 'vitest';
import {fromPretrained, layers, type RetNet, retnet} from '../src';

// What users type, top to bottom; errors are in errors.test.ts.
const small = {vocabSize: 256, hiddenSize: 16, numLayers: 2, numHeads: 2};
let model: RetNet;
let directory: string;

beforeAll(() => start({engine: 'cpu'}));
beforeEach(() => {
  model = retnet(small);
  directory = mkdtempSync(join(tmpdir(), 'variants-api-'));
});
afterEach(() => {
  model.dispose();
  rmSync(directory, {recursive: true});
});

test('a model in ten lines: train, then generate', async () => {
  const {training, validation} = textWindows(await readText('moby-dick'), {
    sequenceLength: 16,
    tokenizer: byteTokenizer,
  });
  const options = {steps: 9, batchSize: 2, learningRate: 3e-3, validation, validationTokens: 64};
  const losses: number[] = [];
  for await (const step of train(model, training, options)) {
    losses.push(step.loss);
    expect(step.tokensPerSecond).toBeGreaterThan(0);
    if (step.number === 3) break; // leaves a usable model
  }
  expect(losses).toHaveLength(3);
  for (const loss of losses) expect(loss).toBeGreaterThan(0);
  const text = async () => {
    let pieces = '';
    for await (const piece of model.generate('Call me', {
      tokenizer: byteTokenizer,
      maxTokens: 8,
      temperature: 0.8,
      seed: 1,
    }))
      pieces += piece;
    return pieces;
  };
  const written = await text();
  expect(written).not.toBe('');
  expect(await text()).toBe(written);
});

test('an aborted run is resumed from what it saved', async () => {
  const {training} = textWindows(await readText('moby-dick'), {sequenceLength: 16});
  const saveTo = join(directory, 'run1');
  const abort = new AbortController();
  const options = {steps: 3, batchSize: 2, learningRate: 3e-3, saveTo};
  const numbers: number[] = [];
  const run = async (more: object) => {
    for await (const {number} of train(model, training, {...options, ...more})) {
      numbers.push(number);
      abort.abort();
    }
  };
  await expect(run({signal: abort.signal})).rejects.toThrow(/abort/);
  await run({resume: true});
  expect(numbers).toEqual([1, 2, 3]);
  // What it was saved to is the model too; the state alone is not.
  const loaded = await fromPretrained(saveTo);
  const weights = (of: RetNet) => of.weights.flatMap((weight) => Array.from(weight.read().dataSync()));
  expect(weights(loaded)).toEqual(weights(model));
  loaded.dispose();
  await expect(fromPretrained(join(saveTo, 'training-state.safetensors'))).rejects.toThrow(
    'is the state of a training, not a model; make the model as that training did and go on with train(model, data, {resumeFrom',
  );
});

test('a stream: prefill, one token, bytes, clone, save', async () => {
  let {logits, state} = model.stream([1, 2, 3]);
  expect(logits.shape).toEqual([1, 3, 256]);
  logits.dispose();
  const before = state.bytes;
  ({logits, state} = model.stream([4], state));
  expect(logits.shape).toEqual([1, 1, 256]);
  expect(state.bytes).toBe(before); // of a RetNet: the same whatever the length
  const branch = state.clone();
  await state.save(join(directory, 'prompt.state'));
  const loaded = await StreamState.load(join(directory, 'prompt.state'));
  const continuations = [state, branch, loaded].map((each) => {
    const next = model.stream([5], each);
    const values = next.logits.dataSync();
    next.state.dispose();
    next.logits.dispose();
    return values;
  });
  expect(continuations[1]).toEqual(continuations[0]);
  expect(continuations[2]).toEqual(continuations[0]);
  logits.dispose();
});

test('a causal layer streams the same way', () => {
  const layer = layers.retention({numHeads: 2});
  const x = tf.randomNormal([1, 4, 8], 0, 1, 'float32', 1);
  const [first, last] = tf.split(x, [3, 1], 1);
  const whole = layer.apply(x) as tf.Tensor;
  const begun = layer.stream(first);
  const ended = layer.stream(last, begun.state);
  const difference = tf.tidy(() => tf.concat([begun.output, ended.output], 1).sub(whole).abs().max());
  expect(difference.dataSync()[0]).toBeLessThan(1e-5);
  ended.state.dispose();
  tf.dispose([x, first, last, whole, begun.output, ended.output, difference]);
  layer.dispose();
});

test('generate: token ids in and out, from the prompt or a state', async () => {
  const {logits, state} = model.stream([67, 97]);
  logits.dispose();
  const greedy = {maxTokens: 4, temperature: 0};
  const written = await idsOf(model.generate([67, 97, 108], greedy));
  expect(written).toHaveLength(4);
  expect(await idsOf(model.generate([108], {...greedy, state}))).toEqual(written); // leaves the state as it was
  state.dispose();
});

test('generate: every option', async () => {
  const sampling = {temperature: 0.8, topK: 50, topP: 0.9, minP: 0.01, seed: 1};
  const penalties = {repetitionPenalty: 1.1, presencePenalty: 0.1, frequencyPenalty: 0.1};
  const options = {maxTokens: 4, ...sampling, ...penalties, signal: new AbortController().signal};
  const written = await idsOf(model.generate([67], options));
  expect(await idsOf(model.generate([67], options))).toEqual(written);
  expect(await idsOf(model.generate([67], {...options, stop: [written[0]]}))).toEqual([]);
});

test("checkpoints: the authors' names, from a directory, buffers or File objects", async () => {
  await saveCheckpoint(model, directory);
  expect(existsSync(join(directory, 'config.json'))).toBe(true);
  const summary = await inspect(directory, [model.layout]);
  expect(summary.layout).toBe('torchscale');
  const {dtype, shape} = summary.tensors.find(({name}) => name === 'layers.0.retention.q_proj.weight') ?? {};
  expect({dtype, shape}).toEqual({dtype: 'F32', shape: [16, 16]});

  const read = (name: string) => readFileSync(join(directory, name));
  const config = JSON.parse(read('config.json').toString());
  const files = ['config.json', 'model.safetensors'].map((name) => new File([new Uint8Array(read(name))], name));
  for (const source of [directory, {config, weights: new Uint8Array(read('model.safetensors'))}, files]) {
    const copy = await fromPretrained(source);
    expectSameWeights(copy);
    copy.dispose();
  }
});

test("checkpoints: tfjs's own way", async () => {
  let artifacts: tf.io.ModelArtifacts = {};
  await model.save(
    tf.io.withSaveHandler(async (saved) => {
      artifacts = saved;
      return {modelArtifactsInfo: {dateSaved: new Date(), modelTopologyType: 'JSON'}};
    }),
  );
  const copy = await tf.loadLayersModel(tf.io.fromMemory(artifacts));
  expectSameWeights(copy);
  copy.dispose();
});

test('layers in a tfjs program, on the engine', async () => {
  await setThreads(1);
  await tf.setBackend('simd');
  const sequential = tf.sequential({
    layers: [tf.layers.inputLayer({inputShape: [8, 8]}), layers.retention({numHeads: 2}), tf.layers.dense({units: 10})],
  });
  const [x, y] = [tf.randomNormal([2, 8, 8], 0, 1, 'float32', 1), tf.ones([2, 8, 10])];
  sequential.compile({optimizer: 'adam', loss: 'meanSquaredError'});
  const {history} = await sequential.fit(x, y, {epochs: 3, verbose: 0});
  expect(history.loss[2]).toBeLessThan(history.loss[0] as number);
  sequential.optimizer.dispose();
  sequential.dispose();
  tf.dispose([x, y]);
});

function expectSameWeights(copy: tf.LayersModel): void {
  const [names, expected] = [copy, model].map(({weights}) => weights.map(({originalName}) => originalName));
  expect(names).toEqual(expected);
  for (const [i, weight] of copy.getWeights().entries())
    expect(weight.dataSync()).toEqual(model.getWeights()[i].dataSync());
}

async function idsOf(tokens: AsyncIterable<number>): Promise<number[]> {
  const ids: number[] = [];
  for await (const id of tokens) ids.push(id);
  return ids;
}
