import * as tf from '@tensorflow/tfjs';
import {walkState} from '@variants/core';
import {generatesInConstantMemory} from '@variants-tooling/conformance';
import {expect, it} from 'vitest';
import {longnet} from '../src';

const small = {
  ...{vocabSize: 8, hiddenSize: 8, numLayers: 1, numHeads: 2, intermediateSize: 8},
  ...{segmentLengths: [8, 32], dilations: [1, 4]},
};

it('holds as many tensors after 500 generated tokens as before, and a state of the same size all along', async () => {
  const model = longnet(small);
  await generatesInConstantMemory(model, 500);
  model.dispose();
});

it('remembers of each pattern the rows that its segment has, whatever came before', () => {
  const model = longnet(small);
  const tokens = Array.from({length: 200}, (_, i) => i % 8);
  const {logits, state} = model.stream(tokens);
  const shapes: string[] = [];
  walkState(
    state.tree,
    (leaf, path) => leaf instanceof tf.Tensor && path.includes('keys') && shapes.push(`${leaf.shape}`),
  );
  expect(shapes).toEqual(['1,2,8,4', '1,2,8,4']);
  tf.dispose(logits);
  state.dispose();
  model.dispose();
});
