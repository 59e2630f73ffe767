import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import type {ActualTensor} from '../src/actual';
import {compareTensor} from '../src/compare';
import type {StoredTensor} from '../src/golden-case';
import {inScope} from './in-scope';
import {floats, integers} from './made-up';

const infinity = Number.POSITIVE_INFINITY;
const compare = (make: () => ActualTensor, expected: StoredTensor, tolerance: number) =>
  inScope(() => compareTensor(make(), expected, tolerance));

describe('compareTensor', () => {
  it('takes errors relative to the largest stored value', async () => {
    const expected = floats([0, -1000, 1]);
    expect(await compare(() => tf.tensor1d([0.009, -1000, 1]), expected, 1e-5)).toBeUndefined();
    expect(await compare(() => tf.tensor1d([0.02, -1000, 1]), expected, 1e-5)).toBe(
      'largest relative error 2.0e-5, tolerance 0.00001',
    );
  });

  it('takes them absolutely where all that is stored is 0', async () => {
    expect(await compare(() => tf.tensor1d([1e-6, 0]), floats([0, 0]), 1e-5)).toBeUndefined();
    expect(await compare(() => tf.tensor1d([1e-4, 0]), floats([0, 0]), 1e-5)).toMatch(/^largest absolute error 1.0e-4/);
  });

  it('takes them relative to the scale of a sum that cancels', async () => {
    expect(await compare(() => ({value: tf.scalar(0.0015), scale: 100}), floats([0.001]), 1e-5)).toBeUndefined();
    expect(await compare(() => ({value: tf.scalar(0.0035), scale: 100}), floats([0.001]), 1e-5)).toMatch(/2.5e-5/);
    expect(await compare(() => ({value: tf.scalar(100), scale: 0.1}), floats([100]), 0)).toBeUndefined();
  });

  it('wants equality where the tolerance is 0', async () => {
    expect(await compare(() => tf.tensor1d([1, 2]), floats([1, 2]), 0)).toBeUndefined();
    expect(await compare(() => tf.tensor1d([1, 2.0000002]), floats([1, 2]), 0)).toMatch(/tolerance 0$/);
  });

  it('lets an infinity equal the same infinity alone', async () => {
    const expected = floats([-infinity, 1, infinity]);
    expect(await compare(() => tf.tensor1d([-infinity, 1, infinity]), expected, 1e-5)).toBeUndefined();
    expect(await compare(() => tf.tensor1d([infinity, 1, infinity]), expected, 1e-5)).toMatch(
      /value 0 is Infinity instead of -Infinity/,
    );
    expect(await compare(() => tf.tensor1d([-1e30, 1, infinity]), expected, 1e-5)).toMatch(/value 0/);
    expect(await compare(() => tf.tensor1d([-infinity, infinity, infinity]), expected, 1e-5)).toMatch(/value 1/);
    expect(await compare(() => tf.tensor1d([-infinity, -infinity]), floats([-infinity, -infinity]), 0)).toBeUndefined();
  });

  it('never accepts NaN', async () => {
    expect(await compare(() => tf.tensor1d([Number.NaN]), floats([1]), 1)).toMatch(/value 0 is NaN instead of 1/);
    expect(await compare(() => tf.tensor1d([Number.NaN]), floats([Number.NaN]), 1)).toMatch(/NaN instead of NaN/);
    expect(await compare(() => tf.tensor1d([Number.NaN]), floats([0]), 1)).toMatch(/NaN/);
  });

  it('wants whole numbers to be the same, whatever the tolerance', async () => {
    expect(await compare(() => tf.tensor1d([7, 8], 'int32'), integers([7, 8]), 1)).toBeUndefined();
    expect(await compare(() => tf.tensor1d([7, 8]), integers([7, 8]), 1)).toBeUndefined();
    expect(await compare(() => tf.tensor1d([7, 9], 'int32'), integers([7, 8]), 1)).toBe('value 1 is 9 instead of 8');
  });

  it('wants the stored shape, but lets a number or scalar stand for a list of one', async () => {
    expect(await compare(() => tf.zeros([2, 3]), floats([0, 0, 0, 0, 0, 0], [3, 2]), 1)).toBe(
      'shape [2,3] instead of [3,2]',
    );
    expect(await compare(() => tf.scalar(2), floats([2]), 0)).toBeUndefined();
    expect(await compare(() => 2, floats([2]), 0)).toBeUndefined();
    expect(await compare(() => 3, floats([2]), 0.1)).toMatch(/5.0e-1/);
    expect(await compare(() => tf.scalar(2), floats([2], [1, 1]), 0)).toMatch(/shape/);
  });
});
