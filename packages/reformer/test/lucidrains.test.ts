import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {lucidReformer} from '../src';

const small = {
  vocabSize: 20,
  hiddenSize: 8,
  numLayers: 2,
  numHeads: 2,
  bucketSize: 4,
  maxSequenceLength: 64,
  numHashes: 2,
};
const tokens = [Array.from({length: 13}, (_, i) => (i * 7 + 3) % 20)];

describe("reformer-pytorch's model", () => {
  it.each([
    {},
    {numLocalHeads: 1},
    {rehash: false},
    {scaleNorm: true, tieEmbedding: true},
    {attendAcrossBuckets: false, allowDuplicates: false},
  ])('has a gradient where a sequence does not fill its chunks: %o', (options) => {
    const model = lucidReformer({...small, ...options});
    tf.tidy(() => {
      const {grads} = tf.variableGrads(() => model.loss(tokens));
      for (const [name, gradient] of Object.entries(grads))
        expect([name, gradient.isFinite().all().dataSync()[0]]).toEqual([name, 1]);
    });
    model.dispose();
  });
});
