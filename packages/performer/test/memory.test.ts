import * as tf from '@tensorflow/tfjs';
import {generatesInConstantMemory} from '@variants-tooling/conformance';
import {expect, it} from 'vitest';
import {performer, performerEncoderDecoder} from '../src';

const small = {vocabSize: 8, hiddenSize: 8, numLayers: 1, intermediateSize: 8};

it('holds as many tensors after 1,000 generated tokens as before, and a state of the same size all along', async () => {
  const model = performer({...small, numHeads: 1, numFeatures: 4});
  await generatesInConstantMemory(model, 1000);
  model.dispose();
});

it('does so with local heads, whose last two windows it remembers', async () => {
  const model = performer({...small, numHeads: 2, localHeads: 1, localWindow: 8, numFeatures: 4});
  await generatesInConstantMemory(model, 200);
  model.dispose();
});

it('decodes with a state of a source that does not grow with it, from the first token on', () => {
  const side = {numLayers: 1, numHeads: 2, intermediateSize: 8};
  const model = performerEncoderDecoder({sourceVocabSize: 8, hiddenSize: 8, encoder: side, decoder: side});
  const bytesAfter = (sourceLength: number) => {
    const {logits, state} = model.stream([[1]], model.begin([Array<number>(sourceLength).fill(3)]));
    logits.dispose();
    // But for the mask of the source, a number for each of its tokens.
    const {bytes} = state;
    state.dispose();
    return bytes - 4 * sourceLength;
  };
  const before = tf.memory().numTensors;
  expect(bytesAfter(50)).toBe(bytesAfter(5));
  expect(tf.memory().numTensors).toBe(before);
  model.dispose();
});
