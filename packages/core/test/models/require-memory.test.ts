import * as tf from '@tensorflow/tfjs';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {setThreads} from '../../src/engines/simd/register';
import {EngineError} from '../../src/errors';
import {memoryNeeded, requireMemory, requireTrainingMemory} from '../../src/models/require-memory';
import {withWeights} from '../../src/models/with-weights';

beforeAll(() => setThreads(1));
afterAll(async () => {
  await tf.setBackend('cpu');
});

describe('requireMemory', () => {
  it('refuses weights beyond one WebAssembly memory on the engine that has one', async () => {
    await tf.setBackend('simd');
    requireMemory('tiny', 2 ** 30 - 1);
    expect(() => requireMemory('tiny', 2 ** 30)).toThrow(EngineError);
    expect(() => requireMemory('tiny', 1.5e9)).toThrow(
      'tiny: 1,500,000,000 weights of 4 bytes take 5.6 GiB, but the engine simd has one WebAssembly memory of 4.0 GiB',
    );
    await tf.setBackend('cpu');
    requireMemory('tiny', 2 ** 30);
  });

  it('counts what other tensors take', async () => {
    await tf.setBackend('simd');
    requireMemory('tiny', 2 ** 29, 2 ** 31);
    expect(() => requireMemory('tiny', 2 ** 29 + 1, 2 ** 31)).toThrow(
      'of 4.0 GiB, of which other tensors take 2.0 GiB, which must hold activations too; a model of fewer than 536,870,912 weights may fit',
    );
    const other = tf.zeros([2 ** 20]);
    expect(() => requireMemory('tiny', 2 ** 30 - 1)).toThrow(/of which other tensors take 0.0 GiB/);
    other.dispose();
  });
});

/** A model as far as its weights' shapes go. */
const modelOf = (trained: number[][], frozen: number[][] = []) => {
  const weights = [...trained, ...frozen].map((shape) => ({shape}));
  return {name: 'tiny', weights, trainableWeights: weights.slice(0, trained.length)} as unknown as tf.LayersModel;
};

describe('memoryNeeded', () => {
  it('counts weights, and for training the gradients and moments of those that are trained', () => {
    expect(memoryNeeded(1000)).toBe(4000);
    expect(memoryNeeded(1000, {training: true})).toBe(16_000);
    const model = modelOf([[10, 10], []], [[50]]);
    expect(memoryNeeded(model)).toBe(4 * 151);
    expect(memoryNeeded(model, {training: true})).toBe(4 * (151 + 3 * 101));
  });

  it('is what training is refused by', async () => {
    await tf.setBackend('simd');
    requireTrainingMemory(modelOf([[2 ** 14, 2 ** 14]]));
    expect(() => requireTrainingMemory(modelOf([[2 ** 15, 2 ** 14]]))).toThrow(
      "train: tiny takes 8.0 GiB for its weights, their gradients and AdamW's two moments of each",
    );
    requireTrainingMemory(modelOf([[1]], [[2 ** 15, 2 ** 14]]));
    await tf.setBackend('cpu');
    requireTrainingMemory(modelOf([[2 ** 15, 2 ** 14]]));
  });
});

describe('withWeights', () => {
  it('leaves no weight when layers cannot be connected', async () => {
    await tf.setBackend('simd');
    const before = tf.memory().numTensors;
    const fails = () =>
      withWeights('tiny', 0, () => {
        throw new Error('no');
      });
    expect(fails).toThrow('no');
    expect(tf.memory().numTensors).toBe(before);
  });
});
