import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {type CheckpointLayout, type CheckpointModel, Linear, loadCheckpoint, writeSafetensors} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {GoldenCase, type StoredTensor} from '../src/golden-case';
import {roundTrip} from '../src/round-trip';
import {floats, temporaryFolder, writeCase} from './made-up';

const layout: CheckpointLayout<object> = {
  name: 'made up',
  recognizes: () => true,
  readConfig: () => ({}),
  writeConfig: () => ({}),
  tensors: () => [
    {theirs: 'fc.weight', ours: 'linear/kernel', transpose: true},
    {theirs: 'fc.bias', ours: 'linear/bias'},
  ],
  ignored: [/^mask$/],
  buffers: () => ({frequencies: {shape: [1], data: Float32Array.of(0.5)}}),
};

function create(): CheckpointModel<object> {
  const layer = new Linear({name: 'linear', units: 2});
  layer.build([null, 1]);
  return {config: {}, layout, weights: layer.weights};
}

const load = (directory: string) => loadCheckpoint(directory, [layout], create);
const files: {[name: string]: StoredTensor} = {
  'fc.weight': floats([1e-30, -0], [2, 1]),
  'fc.bias': floats([3, 1 / 3]),
  mask: floats([1, 0]),
  frequencies: floats([0.50001]),
};

/** Loads a case with those tensors and makes the round trip; `change` may spoil the model or the way back. */
async function tryRoundTrip(change: {model?: (model: CheckpointModel<object>) => void; load?: typeof load} = {}) {
  const directory = writeCase(temporaryFolder(), 'case', {config: {}, expected: {}});
  writeFileSync(join(directory, 'model.safetensors'), writeSafetensors(files));
  const before = tf.engine().state.registeredVariables;
  const existing = new Set(Object.keys(before));
  try {
    // case.json and expected.safetensors are no weights: the source is what fromPretrained takes of a folder.
    const model = await load(directory);
    change.model?.(model);
    await roundTrip(new GoldenCase(directory, 'retnet'), model, change.load ?? load);
  } finally {
    for (const [name, variable] of Object.entries(before)) if (!existing.has(name)) variable.dispose();
  }
}

const overwrite = (weight: tf.LayerVariable, values: number[]) =>
  tf.tidy(() => {
    weight.write(tf.tensor(values, weight.shape as number[]));
  });

describe('roundTrip', () => {
  it('passes when the saved files hold the same tensors and load again, ignored buffers and rounded constants aside', async () => {
    await expect(tryRoundTrip()).resolves.toBeUndefined();
  });

  it('notices a weight that was changed before it was saved', async () => {
    const model = ({weights}: CheckpointModel<object>) => overwrite(weights[1], [3, 0.5]);
    await expect(tryRoundTrip({model})).rejects.toThrow('after saving and loading: tensor fc.bias');
  });

  it('notices a sign lost from zero', async () => {
    const model = ({weights}: CheckpointModel<object>) => overwrite(weights[0], [1e-30, 0]);
    await expect(tryRoundTrip({model})).rejects.toThrow('tensor fc.weight');
  });

  it('notices a weight that is not read again', async () => {
    const forgetful = async (directory: string) => {
      const model = await load(directory);
      overwrite(model.weights[0], [0, 0]);
      return model;
    };
    await expect(tryRoundTrip({load: forgetful})).rejects.toThrow('after saving and loading: weight linear/kernel');
  });

  it('notices a tensor that is saved under another name', async () => {
    const tensors = () => layout.tensors({}).map((mapping) => ({...mapping, theirs: `model.${mapping.theirs}`}));
    const renamed = {...layout, tensors};
    const model = (loaded: CheckpointModel<object>) => {
      loaded.layout = renamed;
    };
    const loadRenamed = (directory: string) => loadCheckpoint(directory, [renamed], create);
    await expect(tryRoundTrip({model, load: loadRenamed})).rejects.toThrow(
      'tensor fc.bias, tensor fc.weight, tensor model.fc.bias, tensor model.fc.weight',
    );
  });
});
