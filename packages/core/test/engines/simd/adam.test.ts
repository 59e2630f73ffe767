import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {setThreads} from '../../../src/engines/simd/register';
import {adamWStep} from '../../../src/kernels/adam-w-step';
import {globalNorm} from '../../../src/kernels/global-norm';
import {Random} from '../../../src/random';
import {expectSame, onBoth, randomTensor, resultsOf} from './backends';

const numbers = {step: 4, learningRate: 0.05, betas: [0.9, 0.95] as const, epsilon: 1e-6};

/** A weight with its gradient and moments, drawn. */
function draw(shape: number[], random: Random, weightDecay: number) {
  const [weight, gradient, first, second] = [0, 1, 2, 3].map(() => randomTensor(shape, random));
  return {weight, gradient, first, second: second.square(), weightDecay};
}

/** The results of a step of weights of these shapes. */
function step(shapes: number[][], seed: number, scale?: number): tf.Tensor[] {
  const random = new Random(seed, 'adam');
  const weights = shapes.map((shape, i) => draw(shape, random, i * 0.1));
  const next = adamWStep(weights, numbers, scale === undefined ? undefined : tf.scalar(scale));
  return next.flatMap(({weight, first, second}) => [weight, first, second]);
}

const large = [[130, 131], [40_001], [3], [2, 8_192]];

beforeAll(() => setThreads(2));

afterAll(async () => {
  await setThreads(1);
  await tf.setBackend('cpu');
});

describe('adamWStep on the simd engine', () => {
  it('gives what the reference gives, with and without a factor of the gradients', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.integer({min: 0, max: 6}), {maxLength: 3}), {minLength: 1, maxLength: 4}),
        fc.nat(),
        fc.constantFrom(undefined, 0.3),
        async (shapes, seed, scale) => expectSame(await onBoth(() => step(shapes, seed, scale)), 1e-6),
      ),
      {numRuns: 40},
    ));

  it('gives the same bits for any number of threads', async () => {
    await setThreads(1);
    const {expected, actual} = await onBoth(() => step(large, 1, 0.5));
    expectSame({expected, actual}, 1e-6);
    await setThreads(3);
    expect(resultsOf(() => step(large, 1, 0.5))).toEqual(actual);
  });

  it('writes over weights and moments, but not over what others have a share in', async () => {
    await tf.setBackend('simd');
    const variables = tf.tidy(() => {
      const {weight, first, second} = draw([5], new Random(1, 'weight'), 0);
      return {weight: tf.variable(weight), first: tf.variable(first), second: tf.variable(second)};
    });
    const gradient = tf.ones([5]);
    const copy = variables.weight.clone();
    const before = [...copy.dataSync()];
    const memory = tf.memory();
    for (let i = 0; i < 3; i++)
      tf.tidy(() => {
        const [next] = adamWStep([{...variables, gradient, weightDecay: 0}], {...numbers, step: i + 1});
        for (const name of ['weight', 'first', 'second'] as const) variables[name].assign(next[name]);
      });
    expect([...copy.dataSync()]).toEqual(before);
    expect([...variables.weight.dataSync()]).not.toEqual(before);
    // The copy is alone now.
    expect(tf.memory().numDataBuffers).toBe(memory.numDataBuffers + 1);
    expect(tf.memory().numTensors).toBe(memory.numTensors);
    tf.dispose([gradient, copy, variables]);
  });

  it('may be told the same weights twice: what was taken over is not taken again', async () => {
    await tf.setBackend('simd');
    tf.tidy(() => {
      const weight = draw([7], new Random(1, 'weight'), 0);
      const once = adamWStep([weight], numbers)[0];
      const values = [...once.weight.dataSync()];
      const twice = adamWStep([weight], numbers)[0];
      expect([...once.weight.dataSync()]).toEqual(values);
      expect([...twice.weight.dataSync()]).not.toEqual(values);
    });
  });
});

describe('globalNorm on the simd engine', () => {
  it('gives what the reference gives, the same bits for any number of threads', async () => {
    const norm = () => globalNorm(large.map((shape, i) => randomTensor(shape, new Random(i, 'x'))));
    await setThreads(1);
    const {expected, actual} = await onBoth(norm);
    expectSame({expected, actual}, 1e-6);
    await setThreads(3);
    expect(resultsOf(norm)).toEqual(actual);
  });

  it('takes empty tensors, and what is not finite', async () => {
    await tf.setBackend('simd');
    tf.tidy(() => {
      expect(globalNorm([tf.zeros([0, 3])]).dataSync()[0]).toBe(0);
      expect(globalNorm([tf.zeros([0]), tf.tensor1d([3, 4])]).dataSync()[0]).toBe(5);
      expect(globalNorm([tf.tensor1d([1, Number.NaN, 2, 3, 4])]).dataSync()[0]).toBeNaN();
      expect(globalNorm([tf.scalar(Number.NEGATIVE_INFINITY)]).dataSync()[0]).toBe(Number.POSITIVE_INFINITY);
    });
  });
});
