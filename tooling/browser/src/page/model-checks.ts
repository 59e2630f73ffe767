import * as tf from '@tensorflow/tfjs';
import {byteTokenizer, type LanguageModel, start} from '@variants/core';
import {retnet} from '@variants/retnet';
import {transformer} from '@variants/transformer';
import {expect} from 'vitest';
import type {Checks} from './check';
import {engine} from './engine';

const text = 'the whale, the whale, the whale';
const sizes = {vocabSize: 256, hiddenSize: 32, numLayers: 2, numHeads: 2};

const used = () => ({tensors: tf.memory().numTensors, bytes: engine().memoryBlocks.usedBytes});

/** Trains the model on a line of text; the loss must fall to less than half. */
function train(model: LanguageModel): void {
  const tokens = tf.tensor2d([byteTokenizer.encode(text)], undefined, 'int32');
  const optimizer = tf.train.adam(0.02);
  const losses = Array.from({length: 30}, () => {
    const loss = optimizer.minimize(() => model.loss(tokens), true);
    const [value] = loss?.dataSync() ?? [];
    loss?.dispose();
    return value;
  });
  expect(losses[losses.length - 1]).toBeLessThan(losses[0] / 2);
  tf.dispose(tokens);
  optimizer.dispose();
}

/** Feeding the text in pieces must give what feeding it whole gives. */
function stream(model: LanguageModel): void {
  const tokens = byteTokenizer.encode(text);
  const whole = model.logits([tokens]);
  let {logits, state} = model.stream([tokens.slice(0, 9)]);
  for (const piece of [tokens.slice(9, 10), tokens.slice(10)]) {
    logits.dispose();
    ({logits, state} = model.stream([piece], state));
  }
  const apart = tf.tidy(() => whole.slice([0, 10, 0]).sub(logits).abs().max().dataSync()[0]);
  expect(apart).toBeLessThan(1e-4);
  tf.dispose([whole, logits]);
  state.dispose();
}

/** Each token that is generated must be the likeliest one by the whole sequence before it. */
async function generate(model: LanguageModel): Promise<void> {
  const tokens = [...byteTokenizer.encode('the whale')];
  const start = tokens.length;
  for await (const token of model.generate([...tokens], {maxTokens: 9, temperature: 0})) tokens.push(token);
  expect(tokens.length).toBe(start + 9);
  const likeliest = tf.tidy(() => [...model.logits([tokens]).argMax(-1).dataSync()]);
  expect(tokens.slice(start)).toEqual(likeliest.slice(start - 1, -1));
}

async function trainsAndStreams(build: () => LanguageModel): Promise<void> {
  expect(await start()).toBe('simd');
  const live = async () => {
    const model = build();
    train(model);
    stream(model);
    await generate(model);
    model.dispose();
  };
  // What the engine keeps for good, like tables, is there after the first time.
  await live();
  const before = used();
  await live();
  expect(used()).toEqual(before);
}

/** What an application does with the packages. */
export const modelChecks: Checks = {
  'trains a RetNet, streams and generates with it, and gives back all memory': () =>
    trainsAndStreams(() => retnet(sizes)),
  'trains a Transformer, streams and generates with it, and gives back all memory': () =>
    trainsAndStreams(() => transformer({...sizes, maxSequenceLength: 64})),
};
