import * as tf from '@tensorflow/tfjs';
import {expect, it} from 'vitest';
import {type AftOptions, aft} from '../src';

it.each<Partial<AftOptions>>([
  {variant: 'simple'},
  {variant: 'local', windowSize: 4, factorSize: 2},
  {variant: 'conv', numHeads: 2, kernelSize: 4},
])('holds as many tensors and bytes after 1,000 generated tokens as before: %j', async (fields) => {
  const model = aft({
    vocabSize: 8,
    hiddenSize: 8,
    numLayers: 1,
    intermediateSize: 8,
    maxSequenceLength: 1100,
    ...fields,
  });
  const first = model.stream([1]);
  const {bytes} = first.state;
  tf.dispose(first.logits);
  const before = tf.memory().numTensors;
  let count = 0;
  for await (const _ of model.generate([1, 2], {maxTokens: 1000, seed: 1, state: first.state})) count++;
  expect(count).toBe(1000);
  expect(tf.memory().numTensors).toBe(before);
  const next = model.stream([3], first.state);
  expect(next.state.bytes).toBe(bytes);
  next.state.dispose();
  next.logits.dispose();
  model.dispose();
});
