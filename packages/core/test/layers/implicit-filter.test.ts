import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ShapeError} from '../../src/errors';
import {ImplicitFilter, type ImplicitFilterConfig} from '../../src/layers/implicit-filter';
import {expectClose, type Plain, rowsOf} from '../kernels/gradient-check';
import {build, buildWithRandomWeights} from './layer-check';

const configs: fc.Arbitrary<ImplicitFilterConfig> = fc.record({
  channels: fc.integer({min: 1, max: 4}),
  maxSequenceLength: fc.integer({min: 1, max: 9}),
  positionSize: fc.constantFrom(3, 5),
  hiddenSize: fc.integer({min: 1, max: 4}),
  numInnerLayers: fc.integer({min: 0, max: 2}),
  frequencyScale: fc.constantFrom(1, 2),
  modulated: fc.boolean(),
  shift: fc.constantFrom(0, 0.05),
  normalized: fc.boolean(),
});

const inputShape = [null, null, 2];

/** x A + b in double precision. */
function linear(x: number[], weights: Record<string, Plain>, name: string): number[] {
  const rows = rowsOf(weights[`${name}/kernel`]);
  return rows[0].map((_, o) =>
    x.reduce((sum, value, i) => sum + value * rows[i][o], weights[`${name}/bias`]?.data[o] ?? 0),
  );
}

/** The taps of a position, from the equations. */
function tapsOf(j: number, name: string, weights: Record<string, Plain>, config: ImplicitFilterConfig): number[] {
  const {numInnerLayers = 2, frequencyScale = 1, maxSequenceLength, modulated, shift = 0, normalized} = config;
  let h = linear(rowsOf(weights.positions)[j], weights, `${name}_0`);
  for (let i = 1; i <= numInnerLayers + 1; i++) {
    const sines = h.map((value, f) => Math.sin(frequencyScale * weights.frequency.data[f] * value));
    h = linear(sines, weights, `${name}_${i}`);
  }
  const t = maxSequenceLength === 1 ? 0 : j / (maxSequenceLength - 1);
  const windowed = modulated ? h.map((k, c) => k * (Math.exp(-t * Math.abs(weights.decays.data[c])) + shift)) : h;
  const total = windowed.reduce((sum, k) => sum + Math.abs(k), 0);
  return normalized ? windowed.map((k) => k / total) : windowed;
}

describe('ImplicitFilter', () => {
  it('is the network of sines under its window, for any number of taps, in both directions', () => {
    fc.assert(
      fc.property(configs, fc.integer({min: 1, max: 9}), fc.boolean(), fc.nat(), (config, taps, both, seed) => {
        const length = Math.min(taps, config.maxSequenceLength);
        const layer = new ImplicitFilter({...config, bidirectional: both});
        const weights = buildWithRandomWeights(layer, inputShape, seed);
        const expected = (name: string) => Array.from({length}, (_, j) => tapsOf(j, name, weights, config)).flat();
        tf.tidy(() => {
          const filter = layer.filter(length);
          expect(filter.shape).toEqual([length, config.channels]);
          expectClose(filter.dataSync(), expected('layer'), 1e-4, 'taps', 0.1);
          if (both) expectClose(layer.futureFilter(length).dataSync(), expected('future'), 1e-4, 'taps ahead', 0.1);
          expect(layer.apply(tf.zeros([2, length, 3])) as tf.Tensor).toMatchObject({shape: filter.shape});
        });
        layer.dispose();
      }),
      {numRuns: 25},
    );
  });

  it('begins with the published positions, rates and frequency', () => {
    const config = {channels: 3, maxSequenceLength: 5, positionSize: 7, hiddenSize: 2, frequency: 10};
    const layer = build(new ImplicitFilter(config), inputShape);
    const [positions, frequency, decays] = ['positions', 'frequency', 'decays'].map(
      (name) => layer.weights.find(({originalName}) => originalName.endsWith(`/${name}`))?.read() as tf.Tensor,
    );
    const angle = (2 * Math.PI * 2) / 5;
    const bands = [1e-4, (1e-4 + 2) / 2, 2];
    const second = [0.5, ...bands.map((f) => Math.cos(f * angle)), ...bands.map((f) => -Math.sin(f * angle))];
    expectClose([...positions.dataSync()].slice(14, 21), second, 1e-6, 'features of position 2');
    expect([...frequency.dataSync()]).toEqual([10, 10]);
    const [slow, fast] = [Math.log(0.01) / 1.5, Math.log(0.01) / 0.3];
    expectClose(decays.dataSync(), [slow, (slow + fast) / 2, fast], 1e-6, 'rates');
    layer.dispose();
  });

  it('trains what it is told to', () => {
    const trained = (options: Partial<ImplicitFilterConfig>) => {
      const layer = build(new ImplicitFilter({channels: 2, maxSequenceLength: 4, ...options}), inputShape);
      const names = layer.trainableWeights.map(({originalName}) => originalName.split('/')[1]);
      layer.dispose();
      return ['positions', 'decays'].filter((name) => names.includes(name));
    };
    expect(trained({})).toEqual(['positions']);
    expect(trained({trainPositions: false})).toEqual([]);
    expect(trained({trainDecays: true})).toEqual(['positions', 'decays']);
    expect(trained({trainDecays: true, modulated: false})).toEqual(['positions']);
  });

  it('has no taps beyond its longest sequence', () => {
    const layer = build(new ImplicitFilter({channels: 1, maxSequenceLength: 4}), inputShape);
    expect(() => layer.filter(5)).toThrow(ShapeError);
    expect(() => layer.filter(5)).toThrow(/a sequence of 5 tokens is longer than maxSequenceLength 4/);
    layer.dispose();
  });
});
