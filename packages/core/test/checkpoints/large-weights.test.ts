import * as tf from '@tensorflow/tfjs';
import {expect, it} from 'vitest';
import type {CheckpointLayout} from '../../src/checkpoints/layout';
import {checkpointFiles} from '../../src/checkpoints/save';
import {readSafetensors} from '../../src/files/safetensors';
import {Linear} from '../../src/layers/linear';

it.each([true, false])('a weight of more than 2^22 values is written in parts, transposed: %s', async (transpose) => {
  const layout: CheckpointLayout<object> = {
    name: 'large',
    recognizes: () => true,
    readConfig: async () => ({}),
    writeConfig: () => ({}),
    tensors: () => [{theirs: 'weight', ours: 'large/kernel', transpose}],
  };
  const [inputs, units] = transpose ? [1_400_001, 3] : [3, 1_400_001];
  const layer = new Linear(
    {units, useBias: false, name: 'large'},
    {kernel: ([rows, columns]) => counted(rows * columns)},
  );
  layer.apply(tf.input({shape: [inputs]}));
  const files = await checkpointFiles({layout, config: {}, weights: layer.weights});
  const {shape, data} = readSafetensors(files['model.safetensors']).tensors.weight;
  expect(shape).toEqual(transpose ? [units, inputs] : [inputs, units]);
  const isRight = (value: number, i: number) =>
    value === (transpose ? (i % inputs) * units + Math.floor(i / inputs) : i);
  expect((data as Float32Array).every(isRight)).toBe(true);
  layer.dispose();
});

/** 0, 1, 2, ...: exact in float32 below 2^24. */
const counted = (size: number) => Float32Array.from({length: size}, (_, i) => i);
