import * as tf from '@tensorflow/tfjs';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {
  attention,
  byteTokenizer,
  checkpointFiles,
  FeedForward,
  Linear,
  loadCheckpoint,
  Random,
  rmsNorm,
  StreamState,
  start,
} from '../src';
import {tinyModel} from './tiny-tour-model';

// A tour of the whole interface, top to bottom.
let model: ReturnType<typeof tinyModel>;

beforeAll(async () => {
  await start({engine: 'cpu'}); // start() alone takes the fastest engine there is
  model = tinyModel({vocabSize: 256, hiddenSize: 16, seed: 1});
});

afterAll(() => {
  model.dispose();
});

test('kernels are functions of tensors, with gradients', () => {
  tf.tidy(() => {
    const x = tf.randomNormal([2, 3, 4, 8]); // [batch, heads, time, size]
    const {output, logSumExp} = attention(x, x, x, {causal: true});
    expect([output.shape, logSumExp.shape]).toEqual([
      [2, 3, 4, 8],
      [2, 3, 4],
    ]);
    expect(tf.grad((y) => rmsNorm(y).sum())(x).shape).toEqual(x.shape);
  });
});

test('layers go into tf.sequential, their children with them', () => {
  const layers = [new Linear({units: 8, inputShape: [4]}), new FeedForward({name: 'ff', intermediateSize: 16})];
  const sequential = tf.sequential({layers});
  expect(sequential.weights.map((weight) => weight.originalName)).toContain('ff/up/kernel');
  expect(sequential.outputs[0].shape).toEqual([null, 8]);
  sequential.dispose();
});

test('a language model maps token ids to logits, all at once or in pieces', () => {
  const whole = model.logits([1, 2, 3]);
  const first = model.stream([1]);
  const rest = model.stream([2, 3], first.state);
  const last = whole.slice([0, 1, 0]);
  expect(tf.tidy(() => rest.logits.sub(last).abs().max().dataSync()[0])).toBeLessThan(1e-5);
  expect(rest.state.bytes).toBeGreaterThan(0);
  rest.state.dispose();
  tf.dispose([whole, first.logits, rest.logits, last]);
});

test('it learns with fit, from integer targets', async () => {
  const tokens = tf.tensor2d([byteTokenizer.encode('call me')], undefined, 'int32');
  const [inputs, targets] = [tokens.slice([0, 0], [1, 6]), tokens.slice([0, 1], [1, 6])];
  const optimizer = tf.train.adam(0.02);
  model.compile({optimizer, metrics: ['acc']});
  const {history} = await model.fit(inputs, targets, {epochs: 40, verbose: 0});
  expect(history.acc.at(-1)).toBe(1);
  optimizer.dispose();
  tf.dispose([tokens, inputs, targets]);
});

test('it continues a text', async () => {
  let text = 'c';
  for await (const piece of model.generate('c', {tokenizer: byteTokenizer, maxTokens: 6, temperature: 0}))
    text += piece;
  expect(text).toBe('call me');
});

test('states and weights are saved and loaded', async () => {
  const {logits, state} = model.stream(byteTokenizer.encode('call'));
  const loaded = StreamState.fromBytes(await state.toBytes());
  expect(loaded.bytes).toBe(state.bytes);
  loaded.dispose();
  state.dispose();
  logits.dispose();

  const files = await checkpointFiles(model);
  const [config, weights] = [JSON.parse(files['config.json'] as string), files['model.safetensors'] as Uint8Array];
  const copy = await loadCheckpoint({config, weights}, [model.layout], tinyModel);
  expect(copy.getWeights()[0].dataSync()).toEqual(model.getWeights()[0].dataSync());
  copy.dispose();
});

test('random numbers are the same in every language', () => {
  const random = new Random(2026, 'golden', 1); // seed, name of the stream, index
  expect(Array.from({length: 4}, () => random.below(10))).toEqual([0, 5, 0, 7]);
});
