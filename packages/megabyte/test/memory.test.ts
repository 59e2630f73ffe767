import * as tf from '@tensorflow/tfjs';
import {expect, it} from 'vitest';
import {megabyte, megabytePaper} from '../src';

it.each([
  [
    'stages',
    () =>
      megabyte({
        vocabSize: 8,
        stageLengths: [8, 4, 4],
        hiddenSizes: [8, 6, 4],
        numLayers: [1, 1, 1],
        numHeads: 1,
        headSize: 4,
      }),
  ],
  [
    "the paper's form",
    () =>
      megabytePaper({
        vocabSize: 8,
        patchSize: 4,
        maxSequenceLength: 128,
        globalSize: 2,
        numGlobalHeads: 1,
        localSize: 4,
        numLocalHeads: 1,
      }),
  ],
])('%s holds as many tensors after generating to its longest sequence, and beyond, as before', async (_, create) => {
  const model = create();
  const generate = async (maxTokens: number) => {
    let count = 0;
    for await (const _token of model.generate([1, 2], {maxTokens, seed: 1})) count++;
    return count;
  };
  const before = tf.memory().numTensors;
  expect(await generate(130)).toBe(130);
  expect(tf.memory().numTensors).toBe(before);
  model.dispose();
});
