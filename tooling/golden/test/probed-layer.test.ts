import {Linear} from '@variants/core';
import {expect, it} from 'vitest';
import {GoldenCase} from '../src/golden-case';
import {loadLayer, probedLayer} from '../src/probed-layer';
import {runCase} from '../src/run-case';
import {floats, temporaryFolder, writeCase} from './made-up';

const kinds = {
  linear: async (golden: GoldenCase) => {
    const layer = new Linear({units: 1, useBias: false});
    const tensors = [{theirs: 'weight', ours: `${layer.name}/kernel`, transpose: true}];
    const actual = probedLayer(golden, await loadLayer(golden, layer, tensors, {ignored: [/^buffer$/]}), {
      prefix: 'a.',
    });
    layer.dispose();
    return actual;
  },
};

// y = 3 u + 4 w of each row (u, w), and its probe.
const stored = {
  'input.x': {shape: [1, 2, 2], data: Float32Array.of(1, 2, 5, 6)},
  probe: {shape: [1, 2, 1], data: Float32Array.of(10, 100)},
  'output.y': {shape: [1, 2, 1], data: Float32Array.of(11, 39)},
  'a.loss': floats([4010]),
  'a.grad.input.x': {shape: [1, 2, 2], data: Float32Array.of(30, 40, 300, 400)},
  'a.grad.weight': {shape: [1, 2], data: Float32Array.of(510, 620)},
};

const run = (expected: typeof stored) => {
  const weights = {weight: {shape: [1, 2], data: Float32Array.of(3, 4)}, buffer: floats([0])};
  const folder = writeCase(temporaryFolder(), 'case', {description: {kind: 'linear'}, expected, weights});
  return runCase(new GoldenCase(folder, 'rwkv'), kinds);
};

it('computes outputs, loss and gradients with the weights of the case, by the names of the authors', async () => {
  expect(await run(stored)).toEqual([]);
});

it('notices a wrong gradient of a weight', async () => {
  const wrong = {...stored, 'a.grad.weight': {shape: [1, 2], data: Float32Array.of(510, 630)}};
  expect(await run(wrong)).toEqual([expect.stringContaining('a.grad.weight')]);
});
