import * as tf from '@tensorflow/tfjs';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {SimdBackend} from '../../../src/engines/simd/backend';
import {setThreads} from '../../../src/engines/simd/register';
import {initialValues, ones, withInitialization} from '../../../src/layers/initializers';
import {Random} from '../../../src/random';

const backend = () => tf.backend() as unknown as SimdBackend;

describe('the simd engine', () => {
  beforeAll(async () => {
    await tf.setBackend('simd');
  });

  afterAll(async () => {
    await setThreads(1);
    await tf.setBackend('cpu');
  });

  it('leaves memory as it was after 20,000 random steps of making, using and freeing tensors', () => {
    const random = new Random(1, 'soak');
    const before = {...tf.memory(), used: backend().memoryBlocks.usedBytes};
    const live: tf.Tensor[] = [];
    for (let step = 0; step < 20_000; step++) {
      const choice = random.below(4);
      if (live.length > 20 || (choice === 0 && live.length > 0)) live.splice(random.below(live.length), 1)[0].dispose();
      else if (choice === 1 && live.length > 0) live.push(live[random.below(live.length)].reshape([-1]));
      else if (choice === 2 && live.length > 0) live.push(tf.tidy(() => live[random.below(live.length)].mul(2).sum()));
      else live.push(tf.fill([1 + random.below(40), 1 + random.below(40)], step));
    }
    tf.dispose(live);
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numBytes).toBe(before.numBytes);
    expect(backend().memoryBlocks.usedBytes).toBe(before.used);
  });

  it('counts the bytes of tensors exactly', () => {
    const before = tf.memory().numBytes;
    const tensors = [tf.zeros([3, 5]), tf.zeros([7], 'int32'), tf.zeros([9], 'bool')];
    expect(tf.memory().numBytes - before).toBe(60 + 28 + 9);
    expect(tf.memory().unreliable).toBeFalsy();
    tf.dispose(tensors);
  });

  it('gives weights that are to be loaded no memory until something reads them', () => {
    const used = backend().memoryBlocks.usedBytes;
    const weights = withInitialization({allocateOnly: true}, () =>
      initialValues(ones, 'weight').apply([1000]),
    ) as tf.Tensor;
    expect(backend().memoryBlocks.usedBytes).toBe(used);
    expect(tf.tidy(() => weights.add(1).sum().dataSync()[0])).toBe(1000);
    expect(weights.dataSync()[999]).toBe(0);
    weights.dispose();
    expect(backend().memoryBlocks.usedBytes).toBe(used);
  });

  it('refuses a tensor that does not fit with one line, and works on', () => {
    expect(() => tf.fill([2 ** 30, 2], 1)).toThrow(/do not fit in the engine's memory/);
    expect(tf.tidy(() => tf.add(1, 2).dataSync()[0])).toBe(3);
  });

  it('goes on with one thread when its workers are killed', async () => {
    await setThreads(3);
    const [a, b] = [tf.randomNormal([256, 256]), tf.randomNormal([256, 256])];
    const expected = tf.matMul(a, b);
    backend().threads.stop();
    expect(backend().threads.count).toBe(1);
    const after = tf.matMul(a, b);
    expect([...after.dataSync()]).toEqual([...expected.dataSync()]);
    tf.dispose([a, b, expected, after]);
  });

  it('takes more threads than there are processors, and refuses impossible numbers', async () => {
    await setThreads(64);
    const ones = () => tf.ones([300, 300]);
    expect(tf.tidy(() => tf.matMul(ones(), ones()).sum().dataSync()[0])).toBe(300 ** 3);
    await expect(setThreads(0)).rejects.toThrow('simd: threads is 0, but must be a whole number from 1 to 64');
    await setThreads(2);
  });
});
