import * as tf from '@tensorflow/tfjs';
import {expect} from 'vitest';
import type {Random} from '../../../src/random';

/** Random values of a dtype: small numbers, or bytes 0 and 1. */
export function randomTensor(shape: number[], random: Random, dtype: 'float32' | 'int32' | 'bool' = 'float32') {
  const size = tf.util.sizeFromShape(shape);
  const draw = {float32: () => random.normal(), int32: () => random.below(19) - 9, bool: () => random.below(2)}[dtype];
  return tf.tidy(() => tf.tensor(Float32Array.from({length: size}, draw), shape).cast(dtype));
}

export interface Result {
  shape: number[];
  dtype: string;
  values: number[];
}

/** What a computation gives on the active backend, whose tensors are then disposed of. */
export function resultsOf(compute: () => tf.Tensor | tf.Tensor[]): Result[] {
  let results: Result[] = [];
  tf.tidy(() => {
    results = [compute()].flat().map((x) => ({shape: x.shape, dtype: x.dtype, values: [...x.dataSync()]}));
  });
  return results;
}

/** What a computation gives on tfjs's cpu backend and on the engine. */
export async function onBoth(compute: () => tf.Tensor | tf.Tensor[]): Promise<{expected: Result[]; actual: Result[]}> {
  await tf.setBackend('cpu');
  const expected = resultsOf(compute);
  await tf.setBackend('simd');
  return {expected, actual: resultsOf(compute)};
}

/** Values as far apart as the largest one times the tolerance at most; 0 for the same bits but for the sign of 0. */
export function expectSame({expected, actual}: {expected: Result[]; actual: Result[]}, tolerance: number): void {
  expect(actual.map(({shape, dtype}) => [shape, dtype])).toEqual(expected.map(({shape, dtype}) => [shape, dtype]));
  for (const [i, {values: wanted}] of expected.entries()) {
    const largest = wanted.reduce(
      (m, x) => (Number.isFinite(x) ? Math.max(m, Math.abs(x)) : m),
      tolerance === 0 ? 0 : 1,
    );
    for (const [j, value] of wanted.entries()) {
      const got = actual[i].values[j];
      const isClose = Object.is(got, value) || Math.abs(got - value) <= tolerance * largest;
      if (!isClose) expect.fail(`result ${i}, value ${j}: ${got}, not ${value}`);
    }
  }
}
