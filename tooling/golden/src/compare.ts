import * as tf from '@tensorflow/tfjs';
import type {ActualTensor, Measured} from './actual';
import type {StoredTensor} from './golden-case';

/**
 * Compares what was computed with what is stored.
 *
 * Whole numbers must be equal, infinities too. Of all others the largest difference counts, relative to the largest
 * finite value that is stored (or the scale that a {@link Measured} brings); where all that is stored is 0, absolutely.
 * @returns What is wrong, or nothing.
 */
export async function compareTensor(
  actual: ActualTensor,
  expected: StoredTensor,
  tolerance: number,
): Promise<string | undefined> {
  const {value, scale} = measured(actual);
  const shape = [...expected.shape];
  // A scalar is stored as a list of one.
  const fits = value.shape.join() === shape.join() || (value.rank === 0 && shape.join() === '1');
  if (!fits) return `shape [${value.shape}] instead of [${shape}]`;
  const values = await value.data();
  return expected.data instanceof Int32Array
    ? compareIntegers(values, expected.data)
    : compareFloats(values, expected.data, typeof scale === 'number' ? scale : (await scale.data())[0], tolerance);
}

function measured(actual: ActualTensor): Measured {
  if (actual instanceof tf.Tensor) return {value: actual, scale: 0};
  return typeof actual === 'number' ? {value: tf.scalar(actual), scale: 0} : actual;
}

function compareIntegers(actual: ArrayLike<number>, expected: Int32Array): string | undefined {
  const wrong = expected.findIndex((value, i) => actual[i] !== value);
  return wrong < 0 ? undefined : `value ${wrong} is ${actual[wrong]} instead of ${expected[wrong]}`;
}

function compareFloats(
  actual: ArrayLike<number>,
  expected: Float32Array,
  scale: number,
  tolerance: number,
): string | undefined {
  const size = expected.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), scale);
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = actual[i] === expected[i] ? 0 : Math.abs(actual[i] - expected[i]);
    if (!Number.isFinite(difference) || Number.isNaN(expected[i]))
      return `value ${i} is ${actual[i]} instead of ${expected[i]}, tolerance ${tolerance}`;
    largest = Math.max(largest, difference);
  }
  const error = largest / (size || 1);
  if (error <= tolerance) return undefined;
  return `largest ${size === 0 ? 'absolute' : 'relative'} error ${error.toExponential(1)}, tolerance ${tolerance}`;
}
