import * as tf from '@tensorflow/tfjs';
import {describe, expect, it, vi} from 'vitest';
import {checkShapes} from '../../src/checkpoints/check-shapes';
import type {CheckpointLayout, CheckpointModel, TensorMapping} from '../../src/checkpoints/layout';
import {loadCheckpoint, loadFromCheckpoint} from '../../src/checkpoints/load';
import {openCheckpoint} from '../../src/files/checkpoint';
import type {WritableTensor} from '../../src/files/safetensors-write';
import {checkpointErrorOf} from '../files/errors';
import {rawSafetensors} from '../files/safetensors-files';
import {ourValues, type TinyConfig, tinyConfig, tinyLayout, tinyModel, tinySource, valuesByName} from './tiny-model';

const load = (source: Parameters<typeof loadCheckpoint>[0], layout = tinyLayout) =>
  loadCheckpoint(source, [layout], tinyModel);
const floats = (shape: number[]): WritableTensor => ({shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1))});
const withMappings = (...more: TensorMapping[]): CheckpointLayout<TinyConfig> => ({
  ...tinyLayout,
  tensors: (config) => [...tinyLayout.tensors(config), ...more],
});

/** The error of loading, after which no tensor of the model may be left. */
async function refusal(changes: Record<string, WritableTensor | undefined>): Promise<string> {
  const before = tf.memory().numTensors;
  const message = await checkpointErrorOf(() => load(tinySource(changes)));
  expect(tf.memory().numTensors).toBe(before);
  return message;
}

describe('loadCheckpoint', () => {
  it("fills a model with the authors' values, transposed where their layout is the other way round", async () => {
    const model = await load(tinySource());
    expect(model.config).toEqual(tinyConfig);
    expect(model.layout).toBe(tinyLayout);
    expect(valuesByName(model)).toEqual(ourValues);
    model.dispose();
  });

  it('makes no tensors but those of the model', async () => {
    const before = tf.memory().numTensors;
    const model = await load(tinySource());
    expect(tf.memory().numTensors).toBe(before + 3);
    model.dispose();
  });

  it('takes the first layout that recognises the checkpoint, and fields of the caller', async () => {
    const other = {...tinyLayout, name: 'other', recognizes: () => false};
    const doubled = {...tinyLayout, name: 'doubled', readConfig: () => ({inputs: 99, units: 2})};
    const model = await loadCheckpoint(tinySource(), [other, doubled, tinyLayout], tinyModel, {config: {inputs: 3}});
    expect(model.layout.name).toBe('doubled');
    expect(model.config).toEqual(tinyConfig);
    model.dispose();
  });

  it('needs neither aliases nor buffers, and takes a tied matrix under either name', async () => {
    for (const missing of [['head.weight'], ['up.weight'], ['decay'], ['head.weight', 'decay']]) {
      const model = await load(tinySource(Object.fromEntries(missing.map((name) => [name, undefined]))));
      expect(valuesByName(model)).toEqual(ourValues);
      model.dispose();
    }
  });

  it('where both names of a tied matrix are there, its own counts', async () => {
    const model = await load(tinySource({'head.weight': floats([2, 3])}));
    expect(valuesByName(model)).toEqual(ourValues);
    model.dispose();
  });

  it('passes over ignored buffers of any type', async () => {
    const model = await load(tinySource({'up.mask': {shape: [1], data: Int32Array.of(1)}}));
    expect(valuesByName(model)).toEqual(ourValues);
    model.dispose();
  });

  it('takes a constant of any shape where the layout ignores it too, and else of its own alone', async () => {
    const source = tinySource({decay: {shape: [3], data: new Float32Array(3)}});
    await expect(load(source)).rejects.toThrow('tensor "decay" has shape [3] instead of [2]');
    const lenient = {...tinyLayout, ignored: [/^decay$/]};
    const model = await loadCheckpoint(source, [lenient], tinyModel);
    expect(valuesByName(model)).toEqual(ourValues);
    model.dispose();
  });

  it('widens halves', async () => {
    const header = {
      'up.weight': {dtype: 'F16', shape: [2, 3], data_offsets: [0, 12]},
      'up.bias': {dtype: 'BF16', shape: [2], data_offsets: [12, 16]},
      'down.weight': {dtype: 'F64', shape: [2, 1], data_offsets: [16, 32]},
    };
    const weights = rawSafetensors(header, new Uint8Array(32).fill(0x40));
    const model = await load({config: {in_features: 3, out_features: 2}, weights});
    const values = valuesByName(model);
    expect(values['up/kernel']).toEqual(new Array(6).fill(2.125));
    expect(values['up/bias']).toEqual([3, 3]);
    model.dispose();
  });

  it('reads from a checkpoint that stays open', async () => {
    const checkpoint = await openCheckpoint(tinySource());
    const close = vi.spyOn(checkpoint, 'close');
    const model = await loadFromCheckpoint(checkpoint, [tinyLayout], tinyModel);
    expect(valuesByName(model)).toEqual(ourValues);
    expect(close).not.toHaveBeenCalled();
    model.dispose();
  });
});

describe('what does not fit', () => {
  it('a missing tensor', async () => {
    expect(await refusal({'up.bias': undefined})).toBe(
      'weights does not fit tiny: tensor "up.bias" of shape [2] is missing',
    );
    expect(await refusal({'head.weight': undefined, 'up.weight': undefined, decay: undefined})).toContain(
      'known layout',
    );
  });

  it('a superfluous tensor', async () => {
    expect(await refusal({'up.gate': floats([5])})).toBe(
      'weights does not fit tiny: tensor "up.gate" of shape [5] belongs to no weight of the model',
    );
  });

  it('a tensor of another shape, both of which the message tells as the authors have them', async () => {
    expect(await refusal({'up.weight': floats([3, 2])})).toContain(
      'tensor "up.weight" has shape [3, 2] instead of [2, 3]',
    );
    expect(await refusal({'head.weight': floats([2])})).toContain(
      'tensor "head.weight" has shape [2] instead of [2, 3]',
    );
    expect(await refusal({'down.weight': floats([2])})).toContain(
      'tensor "down.weight" has shape [2] instead of [2, 1]',
    );
    expect(await refusal({decay: floats([3])})).toContain('tensor "decay" has shape [3] instead of [2]');
  });

  it('a tensor of whole numbers', async () => {
    expect(await refusal({'up.bias': {shape: [2], data: Int32Array.of(1, 2)}})).toContain(
      'tensor "up.bias" holds I32 instead of F32, F16, BF16 or F64',
    );
  });

  it('several faults: three of them and the number of the others', async () => {
    const message = await refusal({
      'up.bias': undefined,
      'down.weight': floats([1]),
      a: floats([1]),
      b: floats([1]),
      c: floats([1]),
    });
    expect(message).toBe(
      'weights does not fit tiny: tensor "up.bias" of shape [2] is missing; tensor "down.weight" has shape [1] instead of [2, 1]; ' +
        'tensor "a" of shape [1] belongs to no weight of the model; and 2 more',
    );
  });

  it('a checkpoint of no known layout', async () => {
    const nowhere = {...tinyLayout, name: 'nowhere', recognizes: () => false};
    const message = await checkpointErrorOf(() =>
      loadCheckpoint(tinySource(), [nowhere, {...nowhere, name: 'else'}], tinyModel),
    );
    expect(message).toBe(
      'weights: is no checkpoint of a known layout (nowhere, else); it has the tensors decay, down.weight, head.weight, and 2 more',
    );
  });

  it('is found before the first value is read', async () => {
    const checkpoint = await openCheckpoint(tinySource({'up.gate': floats([5])}));
    const read = vi.spyOn(checkpoint, 'read');
    await checkpointErrorOf(() => loadFromCheckpoint(checkpoint, [tinyLayout], tinyModel));
    expect(read).not.toHaveBeenCalled();
  });

  it('checkShapes alone says the same of a model and leaves it as it was', async () => {
    const model = tinyModel(tinyConfig);
    const before = valuesByName(model);
    const good = await openCheckpoint(tinySource());
    const bad = await openCheckpoint(tinySource({'up.bias': undefined}));
    checkShapes(good, model);
    expect(() => checkShapes(bad, model)).toThrow('tensor "up.bias" of shape [2] is missing');
    expect(valuesByName(model)).toEqual(before);
    model.dispose();
  });
});

describe('nothing is half loaded', () => {
  it('a file that breaks off while it is read disposes the model', async () => {
    const checkpoint = await openCheckpoint(tinySource());
    const read = checkpoint.read;
    const breaking = {
      ...checkpoint,
      read: (name: string) => (name === 'down.weight' ? Promise.reject(new Error('gone')) : read(name)),
    };
    const models: CheckpointModel<TinyConfig>[] = [];
    const create = (config: TinyConfig) => {
      const model = tinyModel(config);
      models.push(model);
      return model;
    };
    const before = tf.memory().numTensors;
    await expect(loadFromCheckpoint(breaking, [tinyLayout], create)).rejects.toThrow('gone');
    expect(tf.memory().numTensors).toBe(before);
    expect(() => models[0].weights[0].read()).toThrow('disposed');
  });

  it('disposes the weights of a model that has no dispose', async () => {
    const create = (config: TinyConfig): CheckpointModel<TinyConfig> => {
      const {weights, layout} = tinyModel(config);
      return {config, layout, weights};
    };
    const before = tf.memory().numTensors;
    await checkpointErrorOf(() => loadCheckpoint(tinySource({'up.bias': undefined}), [tinyLayout], create));
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('layouts that do not fit their model', () => {
  it.each([
    [
      'a weight that is not there',
      withMappings({theirs: 'x', ours: 'up/x'}),
      '"x" is our "up/x", but the model has no such weight',
    ],
    [
      'a vector to transpose',
      withMappings({theirs: 'x', ours: 'up/bias', transpose: true}),
      'our shape [2] has no two axes',
    ],
    [
      'a weight without a tensor',
      {...tinyLayout, tensors: () => tinyLayout.tensors(tinyConfig).slice(0, 3)},
      "has no tensor for the model's weights down/kernel",
    ],
    [
      'a weight with an alias alone',
      {...tinyLayout, tensors: () => tinyLayout.tensors(tinyConfig).slice(1)},
      "model's weights up/kernel",
    ],
  ])('%s', async (_, layout, message) => {
    expect(await checkpointErrorOf(() => load(tinySource(), layout))).toContain(message);
  });
});
