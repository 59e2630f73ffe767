import * as tf from '@tensorflow/tfjs';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {EngineMemoryInfo, SimdBackend} from '../../../src/engines/simd/backend';
import {setThreads} from '../../../src/engines/simd/register';
import {adamWStep} from '../../../src/kernels/adam-w-step';
import {realFft} from '../../../src/kernels/real-fft';

const memory = () => (tf.backend() as unknown as SimdBackend).memoryBlocks as unknown as Memory;

interface Memory {
  maxBytes: number;
  usedBytes: number;
  heldBytes: number;
  allocate(bytes: number): number;
}

const MIB = 2 ** 20;

/** Runs something in an engine that may not grow any more, and whose memory is all taken, in tensors of 64 KiB. */
function inFullMemory(body: (fillers: tf.Tensor[]) => void): void {
  const {maxBytes} = memory();
  memory().maxBytes = memory().heldBytes;
  const fillers: tf.Tensor[] = [];
  try {
    expect(() => {
      for (;;) fillers.push(tf.fill([MIB / 64], fillers.length));
    }).toThrow(/do not fit in the engine's memory/);
    body(fillers);
    for (const [i, filler] of fillers.entries())
      if (!filler.isDisposed) expect(filler.dataSync().every((value) => value === i)).toBe(true);
  } finally {
    memory().maxBytes = maxBytes;
    tf.dispose(fillers);
  }
}

/** Frees every third of the tensors: a third of the memory, in pieces of 64 KiB. */
const perforate = (fillers: tf.Tensor[]) => tf.dispose(fillers.filter((_, i) => i % 3 === 0));

describe('the simd engine with a full memory', () => {
  beforeAll(async () => {
    await setThreads(1);
    await tf.setBackend('simd');
  });

  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  /** What computes on tensors of a megabyte or so; and some of it twice, with what was there before unharmed. */
  const work: {[what: string]: () => tf.Tensor | tf.Tensor[]} = {
    'a tensor of values': () => tf.tensor(Float32Array.from({length: 300_000}, (_, i) => i)),
    'a product': () => tf.matMul(tf.range(0, 500).reshape([500, 1]), tf.range(0, 600).reshape([1, 600])),
    'a broadcast, a reduction and a transpose': () => {
      const x = tf.range(0, 500).reshape([500, 1]).add(tf.range(0, 600));
      return [x.sum(0), x.transpose().softmax()];
    },
    'a transform with tables': () => Object.values(realFft(tf.range(0, 99_000).reshape([9, 11_000]).sin())),
    'a kernel of tfjs': () => tf.image.resizeBilinear(tf.range(0, 300).reshape([10, 10, 3]) as tf.Tensor3D, [200, 300]),
    'a gradient': () => tf.grad((x) => x.tanh().square().sum())(tf.linspace(-2, 2, 150_000)),
  };
  it.each(Object.keys(work))('moves tensors together for %s', (what) => {
    const values = () => tf.tidy(() => [work[what]()].flat().map((x) => x.dataSync().join()));
    const expected = values();
    const before = memory().usedBytes;
    inFullMemory((fillers) => {
      perforate(fillers);
      expect(values()).toEqual(expected);
    });
    expect(memory().usedBytes).toBeLessThanOrEqual(before);
  });

  it('leaves nothing behind when a kernel fails, and what was to be written over as it was', () => {
    const start = {...tf.memory()};
    const [weight, gradient, first, second] = [1, 2, 3, 4].map((value) => tf.fill([1000], value));
    inFullMemory((fillers) => {
      fillers[7].dispose();
      const before = {...tf.memory(), used: memory().usedBytes};
      // The table of the step's pieces is all that it allocates, and must not fit.
      const small: tf.Tensor[] = [];
      expect(() => {
        for (;;) small.push(tf.scalar(1));
      }).toThrow(/do not fit/);
      const numbers = {step: 1, learningRate: 0.1, betas: [0.9, 0.99] as const, epsilon: 1e-8};
      expect(() => adamWStep([{weight, gradient, first, second, weightDecay: 0}], numbers)).toThrow(/do not fit/);
      tf.dispose(small);
      expect({...tf.memory(), used: memory().usedBytes}).toEqual(before);
      expect([weight, gradient, first, second].map((tensor) => tensor.dataSync()[999])).toEqual([1, 2, 3, 4]);
    });
    tf.dispose([weight, gradient, first, second]);
    expect(tf.memory()).toEqual(start);
  });

  it('takes over what comes from another engine only when it is needed, and loses nothing where there is no memory', async () => {
    await tf.setBackend('cpu');
    const x = tf.range(0, 50_000);
    await tf.setBackend('simd');
    inFullMemory((fillers) => {
      expect(() => x.add(1)).toThrow(/do not fit/);
      expect(x.dataSync()[49_999]).toBe(49_999);
      tf.dispose(fillers.slice(0, 10));
      expect(tf.tidy(() => x.add(1).dataSync()[49_999])).toBe(50_000);
    });
    x.dispose();
  });

  it('tells what the engine holds beside what is in use', () => {
    const told = () => tf.memory() as unknown as EngineMemoryInfo;
    const before = told();
    const x = tf.zeros([MIB]);
    expect(told().numBytesInEngine - before.numBytesInEngine).toBe(4 * MIB);
    x.dispose();
    expect(told().numBytesInEngine).toBe(before.numBytesInEngine);
    expect(told().numBytesInEngineAllocated).toBeGreaterThanOrEqual(before.numBytesInEngine + 4 * MIB);
  });
});
