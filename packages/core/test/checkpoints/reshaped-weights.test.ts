import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import type {CheckpointLayout} from '../../src/checkpoints/layout';
import {loadCheckpoint} from '../../src/checkpoints/load';
import {toAuthorsNames} from '../../src/checkpoints/names';
import {checkpointFiles} from '../../src/checkpoints/save';
import {readSafetensors} from '../../src/files/safetensors';
import {checkpointErrorOf} from '../files/errors';
import {
  authorsTensors,
  ourValues,
  type TinyConfig,
  tinyConfig,
  tinyLayout,
  tinyModel,
  tinySource,
  valuesByName,
} from './tiny-model';

/**
 * The tiny layout with a bias [units] that its authors keep as [1, 1, units], and a kernel [inputs, units] that they keep as
 * [units, 1, inputs].
 */
const layout: CheckpointLayout<TinyConfig> = {
  ...tinyLayout,
  tensors: (config) => {
    const {units, inputs} = config;
    const shapes: Record<string, number[]> = {'up/bias': [1, 1, units], 'up/kernel': [units, 1, inputs]};
    return tinyLayout.tensors(config).map((mapping) => ({...mapping, shape: shapes[mapping.ours]}));
  },
};

const load = (shape: number[]) =>
  loadCheckpoint(tinySource({'up.bias': {shape, data: Float32Array.of(7, 8)}}), [layout], tinyModel);

describe('a weight that the authors keep with further axes', () => {
  it('is read with or without them, and written with them', async () => {
    for (const shape of [[1, 1, 2], [2], [2, 1]]) {
      const model = await load(shape);
      expect(valuesByName(model)['up/bias']).toEqual([7, 8]);
      const {tensors} = readSafetensors((await checkpointFiles(model))['model.safetensors'], 'saved');
      expect(tensors['up.bias']).toEqual({dtype: 'F32', shape: [1, 1, 2], data: Float32Array.of(7, 8)});
      model.dispose();
    }
  });

  it('must have as many values along its other axes', async () => {
    expect(
      await checkpointErrorOf(() =>
        loadCheckpoint(tinySource({'up.bias': {shape: [1, 3], data: new Float32Array(3)}}), [layout], tinyModel),
      ),
    ).toContain('tensor "up.bias" has shape [1, 3] instead of [1, 1, 2]');
  });

  it('has gradients of their shape', () => {
    tf.tidy(() => {
      const named = toAuthorsNames(layout, tinyConfig, new Map([['up/bias', tf.tensor1d([7, 8])]]));
      expect(named.get('up.bias')?.shape).toEqual([1, 1, 2]);
    });
  });

  it('may have its axes swapped too', async () => {
    const model = await load([2]);
    expect(valuesByName(model)).toMatchObject({'up/kernel': ourValues['up/kernel']});
    const {tensors} = readSafetensors((await checkpointFiles(model))['model.safetensors'], 'saved');
    expect(tensors['up.weight']).toEqual({...authorsTensors['up.weight'], dtype: 'F32', shape: [2, 1, 3]});
    model.dispose();
    tf.tidy(() => {
      const kernel = tf.tensor2d(ourValues['up/kernel'], [3, 2]);
      const named = toAuthorsNames(layout, tinyConfig, new Map([['up/kernel', kernel]]));
      expect(named.get('up.weight')?.shape).toEqual([2, 1, 3]);
      expect(named.get('up.weight')?.dataSync()).toEqual(authorsTensors['up.weight'].data);
    });
  });
});
