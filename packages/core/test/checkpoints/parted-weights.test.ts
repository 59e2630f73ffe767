import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import type {CheckpointLayout, TensorMapping} from '../../src/checkpoints/layout';
import {loadCheckpoint} from '../../src/checkpoints/load';
import {toAuthorsNames} from '../../src/checkpoints/names';
import {checkpointFiles} from '../../src/checkpoints/save';
import {readSafetensors} from '../../src/files/safetensors';
import {writeSafetensors} from '../../src/files/safetensors-write';
import {Linear} from '../../src/layers/linear';
import {checkpointErrorOf} from '../files/errors';
import {build} from '../layers/layer-check';

const inputs = 3;
const units = 4;

/** Two heads with two features each, a tensor for each head; our kernel's rows one by one, as vectors. */
const tensors: TensorMapping[] = [
  {theirs: 'heads.0.weight', ours: 'turned/kernel', transpose: true, part: {start: 0, count: 2}},
  {theirs: 'heads.1.weight', ours: 'turned/kernel', transpose: true, part: {start: 2, count: 2}},
  {theirs: 'heads.1.twin', ours: 'turned/kernel', transpose: true, part: {start: 2, count: 2}, alias: true},
  {theirs: 'heads.0.bias', ours: 'turned/bias', part: {start: 0, count: 1}},
  {theirs: 'heads.1.bias', ours: 'turned/bias', part: {start: 1, count: 3}, order: [2, 0, 1]},
  ...[0, 1, 2].map((row) => ({
    theirs: `rows.${row}`,
    ours: 'plain/kernel',
    part: {start: row, count: 1},
    shape: [2, 2],
  })),
  {theirs: 'rows.bias', ours: 'plain/bias'},
];

const layoutOf = (tensors: TensorMapping[]): CheckpointLayout<object> => ({
  name: 'parted',
  recognizes: () => true,
  readConfig: () => ({}),
  writeConfig: () => ({}),
  tensors: () => tensors,
});

function create(layout = layoutOf(tensors)) {
  const layers = ['turned', 'plain'].map((name) => build(new Linear({name, units}), [null, inputs]));
  const dispose = () => {
    for (const layer of layers) layer.dispose();
  };
  return {config: {}, layout, weights: layers.flatMap((layer) => layer.weights), dispose};
}

const numbers = (count: number, start: number) => Float32Array.from({length: count}, (_, i) => start + i);
const files = {
  'heads.0.weight': {shape: [2, inputs], data: numbers(6, 0)},
  'heads.1.weight': {shape: [2, inputs], data: numbers(6, 10)},
  'heads.1.twin': {shape: [2, inputs], data: numbers(6, 10)},
  'heads.0.bias': {shape: [1], data: numbers(1, 100)},
  'heads.1.bias': {shape: [3], data: numbers(3, 200)},
  'rows.0': {shape: [2, 2], data: numbers(4, 300)},
  'rows.1': {shape: [2, 2], data: numbers(4, 310)},
  'rows.2': {shape: [2, 2], data: numbers(4, 320)},
  'rows.bias': {shape: [units], data: numbers(units, 400)},
};
const load = (given: Partial<typeof files> = files) =>
  loadCheckpoint({config: {}, weights: writeSafetensors(given as typeof files)}, [layoutOf(tensors)], () => create());

const weightOf = ({weights}: {weights: tf.LayerVariable[]}, name: string) =>
  (weights.find(({originalName}) => originalName === name) as tf.LayerVariable).read();

describe('a weight that its authors have in several tensors', () => {
  it('is put together when it is read, and taken apart when it is written', async () => {
    const model = await load();
    const values = (name: string) => tf.tidy(() => weightOf(model, name).arraySync());
    expect(values('turned/kernel')).toEqual([
      [0, 3, 10, 13],
      [1, 4, 11, 14],
      [2, 5, 12, 15],
    ]);
    expect(values('turned/bias')).toEqual([100, 201, 202, 200]);
    expect((values('plain/kernel') as number[][]).map(([first]) => first)).toEqual([300, 310, 320]);
    const saved = (await checkpointFiles(model))['model.safetensors'];
    expect(readSafetensors(saved).tensors).toEqual(readSafetensors(writeSafetensors(files)).tensors);
    model.dispose();
  });

  it('has gradients in several', async () => {
    const model = await load();
    tf.tidy(() => {
      const weights = new Map(model.weights.map((weight) => [weight.originalName, weight.read()]));
      const named = toAuthorsNames(model.layout, {}, weights);
      expect([...named.keys()]).toEqual(Object.keys(files).filter((name) => name !== 'heads.1.twin'));
      for (const [name, tensor] of named) {
        const {shape, data} = files[name as keyof typeof files];
        expect([name, tensor.shape, tensor.dataSync()]).toEqual([name, shape, data]);
      }
    });
    model.dispose();
  });

  it('is read of the second name of a part that is missing, and of no other part', async () => {
    const {'heads.1.weight': _, ...others} = files;
    const model = await load(others);
    expect(tf.tidy(() => weightOf(model, 'turned/kernel').slice(0, 1).dataSync())).toEqual(
      new Float32Array([0, 3, 10, 13]),
    );
    model.dispose();
    const {'heads.0.weight': __, ...fewer} = files;
    expect(await checkpointErrorOf(() => load(fewer))).toMatch(
      /tensor "heads\.0\.weight" of shape \[2, 3\] is missing/,
    );
  });

  it('must be filled by its parts: less, or other rows, are a fault of the layout', async () => {
    for (const start of [1, 3]) {
      const parts = tensors.map((mapping) =>
        mapping.theirs === 'heads.1.weight' ? {...mapping, part: {start, count: 2}} : mapping,
      );
      const model = create(layoutOf(parts));
      expect(await checkpointErrorOf(() => checkpointFiles(model))).toBe(
        'layout parted: the parts of our "turned/kernel" must fill its 4 rows one after the other, but do so up to row 2 only',
      );
      model.dispose();
    }
  });
});
