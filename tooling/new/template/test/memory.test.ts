import * as tf from '@tensorflow/tfjs';
import {expect, it} from 'vitest';
import {templateName} from '../src';

it('holds as many tensors after 2,000 generated tokens as before, and a state of the same size all along', async () => {
  const model = templateName({vocabSize: 8, hiddenSize: 8, numLayers: 1, intermediateSize: 8});
  const first = model.stream([1]);
  const {bytes} = first.state;
  tf.dispose(first.logits);
  const before = tf.memory().numTensors;
  let count = 0;
  for await (const _ of model.generate([1, 2], {maxTokens: 2000, seed: 1, state: first.state})) count++;
  expect(count).toBe(2000);
  expect(tf.memory().numTensors).toBe(before);
  expect(first.state.bytes).toBe(bytes);
  first.state.dispose();
  model.dispose();
});
