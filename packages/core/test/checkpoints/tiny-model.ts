import * as tf from '@tensorflow/tfjs';
import type {CheckpointLayout, CheckpointModel} from '../../src/checkpoints/layout';
import type {WritableTensor} from '../../src/files/safetensors-write';
import {writeSafetensors} from '../../src/files/safetensors-write';

export interface TinyConfig {
  inputs: number;
  units: number;
}

/** Two dense layers: our `up/kernel` [inputs, units] is their `up.weight` [units, inputs], tied with their `head.weight`. */
export const tinyLayout: CheckpointLayout<TinyConfig> = {
  name: 'tiny',
  recognizes: ({tensors}) => ['up.weight', 'head.weight'].some((name) => tensors.has(name)),
  readConfig: ({config}) => ({inputs: Number(config?.in_features), units: Number(config?.out_features)}),
  writeConfig: ({inputs, units}) => ({in_features: inputs, out_features: units}),
  tensors: () => [
    {theirs: 'up.weight', ours: 'up/kernel', transpose: true},
    {theirs: 'head.weight', ours: 'up/kernel', transpose: true, alias: true},
    {theirs: 'up.bias', ours: 'up/bias'},
    {theirs: 'down.weight', ours: 'down/kernel'},
  ],
  ignored: [/\.mask$/],
  buffers: ({units}) => ({decay: {shape: [units], data: Float32Array.from({length: units}, (_, i) => 1 / (i + 1))}}),
};

export type TinyModel = CheckpointModel<TinyConfig> & tf.Sequential;

export function tinyModel(config: TinyConfig): TinyModel {
  const {inputs, units} = config;
  const up = tf.layers.dense({name: 'up', units, inputShape: [inputs]});
  const down = tf.layers.dense({name: 'down', units: 1, useBias: false});
  return Object.assign(tf.sequential({layers: [up, down]}), {config, layout: tinyLayout});
}

export const tinyConfig: TinyConfig = {inputs: 3, units: 2};
export const authorsConfig = {in_features: 3, out_features: 2};

const matrix = (...values: number[]) => Float32Array.from(values);

/** What the authors' file of the configuration above holds. */
export const authorsTensors: Record<string, WritableTensor> = {
  'up.weight': {shape: [2, 3], data: matrix(1, 2, 3, 4, 5, 6)},
  'head.weight': {shape: [2, 3], data: matrix(1, 2, 3, 4, 5, 6)},
  'up.bias': {shape: [2], data: matrix(7, 8)},
  'down.weight': {shape: [2, 1], data: matrix(9, 10)},
  decay: {shape: [2], data: matrix(1, 0.5)},
};

/** A source with the authors' tensors, some replaced or (undefined) left out. */
export function tinySource(changes: Record<string, WritableTensor | undefined> = {}) {
  const kept = Object.entries({...authorsTensors, ...changes}).filter(([, tensor]) => tensor !== undefined);
  return {config: authorsConfig, weights: writeSafetensors(Object.fromEntries(kept) as Record<string, WritableTensor>)};
}

export function valuesByName(model: CheckpointModel<TinyConfig>): Record<string, number[]> {
  return Object.fromEntries(model.weights.map((weight) => [weight.originalName, [...weight.read().dataSync()]]));
}

export const ourValues = {'up/kernel': [1, 4, 2, 5, 3, 6], 'up/bias': [7, 8], 'down/kernel': [9, 10]};
