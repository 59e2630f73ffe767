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

/** Rows 0 to 1 of their tensors belong to `a`, 2 to 4 to `b`. */
const stacked: TensorMapping[] = [
  {theirs: 'both.weight', ours: 'a/kernel', transpose: true, rows: {start: 0, total: 5}},
  {theirs: 'both.weight', ours: 'b/kernel', transpose: true, rows: {start: 2, total: 5}},
  {theirs: 'both.bias', ours: 'a/bias', rows: {start: 0, total: 5}},
  {theirs: 'both.bias', ours: 'b/bias', rows: {start: 2, total: 5}},
];

const layoutOf = (mappings: TensorMapping[]): CheckpointLayout<object> => ({
  name: 'stacked',
  recognizes: () => true,
  readConfig: () => ({}),
  writeConfig: () => ({}),
  tensors: () => mappings,
});

/** Two projections of three inputs, to two and to three outputs. */
function createPair(mappings = stacked) {
  const layers = [2, 3].map((units, i) => build(new Linear({name: 'ab'[i], units}), [null, 3]));
  const weights = layers.flatMap((layer) => layer.weights);
  const dispose = () => {
    for (const layer of layers) layer.dispose();
  };
  return {config: {}, layout: layoutOf(mappings), weights, dispose};
}

const numbers = (count: number, start: number) => Float32Array.from({length: count}, (_, i) => start + i);
const file = (weight: number[], biases: number) =>
  writeSafetensors({
    'both.weight': {shape: weight, data: numbers(weight[0] * weight[1], 1)},
    'both.bias': {shape: [biases], data: numbers(biases, 101)},
  });
const source = (weights: Uint8Array) => ({config: {}, weights});

describe('weights that their authors stack in one tensor', () => {
  it('are read from their rows, and stacked again when saved', async () => {
    const bytes = file([5, 3], 5);
    const model = await loadCheckpoint(source(bytes), [layoutOf(stacked)], () => createPair());
    const values = (name: string) =>
      Array.from(
        model.weights
          .find(({originalName}) => originalName === name)
          ?.read()
          .dataSync() ?? [],
      );
    expect(values('a/kernel')).toEqual([1, 4, 2, 5, 3, 6]);
    expect(values('b/kernel')).toEqual([7, 10, 13, 8, 11, 14, 9, 12, 15]);
    expect(values('a/bias')).toEqual([101, 102]);
    expect(values('b/bias')).toEqual([103, 104, 105]);
    const saved = (await checkpointFiles(model))['model.safetensors'];
    expect(readSafetensors(saved).tensors).toEqual(readSafetensors(bytes).tensors);
    model.dispose();
  });

  it('have gradients by the authors names as one tensor too, all of them together', async () => {
    const byOurName = new Map([
      ['a/kernel', tf.tensor2d([1, 4, 2, 5, 3, 6], [3, 2])],
      ['b/kernel', tf.tensor2d([7, 10, 13, 8, 11, 14, 9, 12, 15], [3, 3])],
    ]);
    const named = toAuthorsNames(layoutOf(stacked), {}, byOurName);
    expect([...named.keys()]).toEqual(['both.weight']);
    expect(named.get('both.weight')?.shape).toEqual([5, 3]);
    expect(Array.from(named.get('both.weight')?.dataSync() ?? [])).toEqual(Array.from(numbers(15, 1)));
    byOurName.get('b/kernel')?.dispose();
    byOurName.delete('b/kernel');
    expect(await checkpointErrorOf(() => toAuthorsNames(layoutOf(stacked), {}, byOurName))).toBe(
      'layout stacked: "both.weight" has 5 rows, but only 2 were given; the weights stacked in it go together',
    );
    tf.dispose([...named.values(), ...byOurName.values()]);
  });

  it('are missing or of a wrong shape once, with the shape of the whole tensor', async () => {
    const load = (bytes: Uint8Array) =>
      checkpointErrorOf(() => loadCheckpoint(source(bytes), [layoutOf(stacked)], () => createPair()));
    const wrong = await load(file([4, 3], 5));
    expect(wrong.match(/both.weight/g)).toHaveLength(1);
    expect(wrong).toContain('tensor "both.weight" has shape [4, 3] instead of [5, 3]');
    const missing = await load(writeSafetensors({'both.bias': {shape: [5], data: numbers(5, 0)}}));
    expect(missing.match(/both.weight/g)).toHaveLength(1);
    expect(missing).toContain('tensor "both.weight" of shape [5, 3] is missing');
  });

  it.each([
    [
      'a gap',
      [
        {start: 0, total: 5},
        {start: 3, total: 5},
      ],
      /"both.weight" must fill its 5 rows.*up to row 2 only/,
    ],
    [
      'an overlap',
      [
        {start: 0, total: 5},
        {start: 1, total: 5},
      ],
      /must fill its 5 rows.*up to row 2 only/,
    ],
    [
      'rows left over',
      [
        {start: 0, total: 6},
        {start: 2, total: 6},
      ],
      /must fill its 6 rows.*up to row 5 only/,
    ],
    [
      'different totals',
      [
        {start: 0, total: 5},
        {start: 2, total: 6},
      ],
      /must fill its 5 rows.*up to row 2 only/,
    ],
    [
      'another order',
      [
        {start: 3, total: 5},
        {start: 0, total: 5},
      ],
      /must fill its 5 rows.*up to row 0 only/,
    ],
  ])('must fill it one after the other: %s is a fault of the layout', async (_, rows, message) => {
    const mappings = stacked.map((mapping, i) => ({...mapping, rows: rows[i] ?? mapping.rows}));
    const model = createPair(mappings);
    expect(await checkpointErrorOf(() => checkpointFiles(model))).toMatch(message);
    model.dispose();
  });
});
