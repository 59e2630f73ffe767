import * as tf from '@tensorflow/tfjs';
import '@variants/core/simd';
import {generatesInConstantMemory} from '@variants-tooling/conformance';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {type ReformerOptions, reformer} from '../src';

afterAll(async () => {
  await tf.setBackend('cpu');
});

it('holds as many tensors after 600 generated tokens as before, and a state of the same size of local attention', async () => {
  const small = {vocabSize: 8, hiddenSize: 8, numLayers: 1, numHeads: 1, intermediateSize: 8, maxSequenceLength: 1024};
  const model = reformer({...small, positions: 'learned', attentionTypes: ['local'], localChunkLength: 8});
  await generatesInConstantMemory(model, 600);
  model.dispose();
});

/** The most bytes that a step of training takes beside weights and their gradients. */
function peakOf(numLayers: number, fields: Partial<ReformerOptions> = {}): number {
  const model = reformer({
    ...{vocabSize: 16, hiddenSize: 16, numLayers, numHeads: 2, intermediateSize: 64, maxSequenceLength: 512},
    ...{localChunkLength: 16, lshChunkLength: 16, ...fields},
  });
  const memory = (tf.backend() as unknown as {memoryBlocks: {allocate(bytes: number): number; usedBytes: number}})
    .memoryBlocks;
  const {allocate} = memory;
  const before = memory.usedBytes;
  let peak = 0;
  memory.allocate = (...given) => {
    const address = allocate.apply(memory, given);
    peak = Math.max(peak, memory.usedBytes - before);
    return address;
  };
  try {
    tf.tidy(() => {
      const tokens = tf.tensor2d(
        Array.from({length: 512}, (_, i) => (i * i) % 16),
        [1, 512],
        'int32',
      );
      const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
      tf.variableGrads(() => model.loss(tokens), variables);
    });
    return peak - 4 * model.countParams();
  } finally {
    memory.allocate = allocate;
    model.dispose();
  }
}

describe('the peak memory of a training step', () => {
  beforeAll(() => tf.setBackend('simd'));

  it('grows with the number of layers by the orders of their hashes alone', () => {
    const [two, eight] = [2, 8].map((numLayers) => peakOf(numLayers, {attentionTypes: ['local']}));
    // What six layers more would keep if they kept their inputs alone: 512 positions of 2 x 16 floats each.
    expect(eight - two).toBeLessThan(0.1 * 6 * 512 * 32 * 4);
    const [few, many] = [2, 8].map((numLayers) => peakOf(numLayers, {attentionTypes: ['lsh']}));
    // An order: 512 numbers for each of 2 heads in each layer.
    expect(many - few).toBeLessThan(1.2 * 6 * 512 * 2 * 4);
  });
});
