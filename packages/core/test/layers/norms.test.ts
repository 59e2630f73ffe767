import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ShapeError} from '../../src/errors';
import {GroupNorm, LayerNorm, RMSNorm} from '../../src/layers/norms';
import {expectClose, normalPlain, rowsOf} from '../kernels/gradient-check';
import {apply, build, buildWithRandomWeights, checkInSequential} from './layer-check';

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const squares = (values: number[]) => values.map((value) => value ** 2);

const rms = (row: number[], epsilon: number) => row.map((value) => value / Math.sqrt(mean(squares(row)) + epsilon));
const standardized = (row: number[], epsilon: number) =>
  rms(
    row.map((value) => value - mean(row)),
    epsilon,
  );

const shapes = fc.array(fc.integer({min: 1, max: 4}), {minLength: 1, maxLength: 3});

describe('RMSNorm', () => {
  it('divides a row by its root mean square and scales each feature', () => {
    fc.assert(
      fc.property(shapes, fc.constantFrom(undefined, 1e-3, 1), fc.nat(), (shape, epsilon, seed) => {
        const layer = new RMSNorm({epsilon});
        const {weight} = buildWithRandomWeights(layer, [...shape, 5], seed);
        const x = normalPlain([...shape, 5], seed, 'x');
        const wanted = rowsOf(x).flatMap((row) => rms(row, epsilon ?? 1e-6).map((value, i) => value * weight.data[i]));
        expectClose(apply(layer, x).data, wanted, 1e-5, 'output');
        layer.dispose();
      }),
      {numRuns: 20},
    );
  });
});

describe('RMSNorm without a weight', () => {
  it('divides by the root mean square alone', () => {
    const layer = build(new RMSNorm({epsilon: 0.1, useWeight: false}), [null, 3]);
    expect(layer.weights).toEqual([]);
    const x = normalPlain([2, 3], 0, 'x');
    const wanted = rowsOf(x).flatMap((row) => rms(row, 0.1));
    expectClose(apply(layer, x).data, wanted, 1e-5, 'output');
    layer.dispose();
  });
});

describe('LayerNorm', () => {
  it('standardizes a row, then scales and shifts each feature', () => {
    fc.assert(
      fc.property(shapes, fc.constantFrom(undefined, 1e-3), fc.boolean(), fc.nat(), (shape, epsilon, useBias, seed) => {
        const layer = new LayerNorm({epsilon, useBias});
        const {weight, bias} = buildWithRandomWeights(layer, [...shape, 5], seed);
        expect(layer.weights).toHaveLength(useBias ? 2 : 1);
        const x = normalPlain([...shape, 5], seed, 'x');
        const wanted = rowsOf(x).flatMap((row) =>
          standardized(row, epsilon ?? 1e-5).map((value, i) => value * weight.data[i] + (bias?.data[i] ?? 0)),
        );
        expectClose(apply(layer, x).data, wanted, 1e-5, 'output');
        layer.dispose();
      }),
      {numRuns: 20},
    );
  });
});

describe('GroupNorm', () => {
  it('standardizes each group of features of a position alone', () => {
    fc.assert(
      fc.property(shapes, fc.constantFrom(1, 2, 3), fc.nat(), (shape, numGroups, seed) => {
        const layer = new GroupNorm({numGroups});
        const {weight, bias} = buildWithRandomWeights(layer, [...shape, 6], seed);
        const x = normalPlain([...shape, 6], seed, 'x');
        const size = 6 / numGroups;
        const wanted = rowsOf(x).flatMap((row) =>
          Array.from({length: numGroups}, (_, group) => standardized(row.slice(group * size, (group + 1) * size), 1e-5))
            .flat()
            .map((value, i) => value * weight.data[i] + bias.data[i]),
        );
        expectClose(apply(layer, x).data, wanted, 1e-5, 'output');
        layer.dispose();
      }),
      {numRuns: 20},
    );
  });

  it('refuses features that its groups do not divide', () => {
    const layer = new GroupNorm({numGroups: 4, name: 'norm'});
    expect(() => build(layer, [null, 6])).toThrow(ShapeError);
    expect(() => build(layer, [null, 6])).toThrow(/norm: 6 features cannot be cut into numGroups = 4/);
  });
});

describe('norm layers', () => {
  it('begin with weights of one and biases of zero, where a row of zeros stays zeros', () => {
    for (const layer of [new RMSNorm(), new LayerNorm(), new GroupNorm({numGroups: 2})]) {
      build(layer, [null, null, 4]);
      for (const weight of layer.weights)
        expect([...weight.read().dataSync()]).toEqual(new Array(4).fill(weight.originalName.endsWith('bias') ? 0 : 1));
      expect(apply(layer, {shape: [1, 1, 4], data: [0, 0, 0, 0]}).data).toEqual([0, 0, 0, 0]);
      layer.dispose();
    }
  });

  it('work in a tf.sequential', () =>
    checkInSequential(
      [
        new RMSNorm({epsilon: 1e-4}),
        new LayerNorm({useBias: false}),
        new LayerNorm(),
        new GroupNorm({numGroups: 2, epsilon: 0.1}),
      ],
      tf.randomNormal([2, 3, 4], 0, 1, 'float32', 1),
    ));
});
