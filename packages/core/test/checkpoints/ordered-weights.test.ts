import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import type {CheckpointLayout} from '../../src/checkpoints/layout';
import {loadCheckpoint} from '../../src/checkpoints/load';
import {toAuthorsNames} from '../../src/checkpoints/names';
import {checkpointFiles} from '../../src/checkpoints/save';
import {readSafetensors} from '../../src/files/safetensors';
import {writeSafetensors} from '../../src/files/safetensors-write';
import {Linear} from '../../src/layers/linear';
import {checkpointErrorOf} from '../files/errors';
import {build} from '../layers/layer-check';

/** Two parts of two heads with two features each: theirs go head by head, ours part by part. */
const byHeads = [0, 1, 4, 5, 2, 3, 6, 7];
const inputs = 3;
const units = byHeads.length;

const layoutOf = (order: number[]): CheckpointLayout<object> => ({
  name: 'ordered',
  recognizes: () => true,
  readConfig: () => ({}),
  writeConfig: () => ({}),
  tensors: () => [
    {theirs: 'turned.weight', ours: 'turned/kernel', transpose: true, order},
    {theirs: 'turned.bias', ours: 'turned/bias', order},
    {theirs: 'rows.weight', ours: 'plain/kernel', order: [2, 0, 1]},
    {theirs: 'rows.bias', ours: 'plain/bias'},
  ],
});

function create(order = byHeads) {
  const layers = ['turned', 'plain'].map((name) => build(new Linear({name, units}), [null, inputs]));
  const dispose = () => {
    for (const layer of layers) layer.dispose();
  };
  return {config: {}, layout: layoutOf(order), weights: layers.flatMap((layer) => layer.weights), dispose};
}

const numbers = (count: number, start: number) => Float32Array.from({length: count}, (_, i) => start + i);
const stored = writeSafetensors({
  'turned.weight': {shape: [units, inputs], data: numbers(units * inputs, 0)},
  'turned.bias': {shape: [units], data: numbers(units, 100)},
  'rows.weight': {shape: [inputs, units], data: numbers(units * inputs, 200)},
  'rows.bias': {shape: [units], data: numbers(units, 300)},
});
const load = () => loadCheckpoint({config: {}, weights: stored}, [layoutOf(byHeads)], () => create());

describe('a weight whose rows its authors have in another order', () => {
  it('is read in ours, and written in theirs', async () => {
    const model = await load();
    const values = (name: string) => tf.tidy(() => weightOf(model, name).arraySync());
    expect(values('turned/bias')).toEqual([100, 101, 104, 105, 102, 103, 106, 107]);
    expect((values('turned/kernel') as number[][])[0]).toEqual([0, 3, 12, 15, 6, 9, 18, 21]);
    expect((values('plain/kernel') as number[][]).map(([first]) => first)).toEqual([208, 216, 200]);
    const saved = (await checkpointFiles(model))['model.safetensors'];
    expect(readSafetensors(saved).tensors).toEqual(readSafetensors(stored).tensors);
    model.dispose();
  });

  it('has gradients in theirs', async () => {
    const model = await load();
    tf.tidy(() => {
      const weights = new Map(model.weights.map((weight) => [weight.originalName, weight.read()]));
      const {tensors} = readSafetensors(stored);
      for (const [name, tensor] of toAuthorsNames(model.layout, {}, weights))
        expect(tensor.dataSync(), name).toEqual(tensors[name].data);
    });
    model.dispose();
  });

  it.each([
    ['a row too few', byHeads.slice(1)],
    ['a row twice', [0, 0, ...byHeads.slice(2)]],
    ['a row that is not there', [8, ...byHeads.slice(1)]],
  ])('must have each once: %s is a fault of the layout', async (_, order) => {
    const model = create(order);
    expect(await checkpointErrorOf(() => checkpointFiles(model))).toBe(
      'layout ordered: the order of the rows of "turned.weight" must name each of 8 rows once',
    );
    model.dispose();
  });
});

const weightOf = ({weights}: {weights: tf.LayerVariable[]}, name: string) =>
  (weights.find(({originalName}) => originalName === name) as tf.LayerVariable).read();
