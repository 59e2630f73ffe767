import * as tf from '@tensorflow/tfjs';
import {expect, it} from 'vitest';
import {sumOf} from '../../src/kernels/sum-of';

it.each([1, 2, 7, 8, 49, 50, 120])('sumOf adds %i tensors, at most seven in one kernel', async (count) => {
  const numbers = Array.from({length: count}, (_, i) => tf.tensor1d([i, 1]));
  const {kernels, result} = await tf.profile(() => tf.tidy(() => sumOf(numbers)));
  expect([...(await (result as tf.Tensor).data())]).toEqual([(count * (count - 1)) / 2, count]);
  for (const {inputShapes} of kernels) expect(Object.keys(inputShapes).length).toBeLessThanOrEqual(7);
  tf.dispose([numbers, result as tf.Tensor]);
});
