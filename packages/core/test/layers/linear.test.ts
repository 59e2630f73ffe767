import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ShapeError} from '../../src/errors';
import {ones} from '../../src/layers/initializers';
import {Linear} from '../../src/layers/linear';
import {expectClose, normalPlain} from '../kernels/gradient-check';
import {apply, build, buildWithRandomWeights, checkInSequential} from './layer-check';
import {linear} from './linear-definition';

describe('Linear', () => {
  it('is x W + b over the last axis of any shape', () => {
    const shapes = fc.array(fc.integer({min: 1, max: 4}), {minLength: 2, maxLength: 4});
    fc.assert(
      fc.property(shapes, fc.integer({min: 1, max: 5}), fc.boolean(), fc.nat(), (shape, units, useBias, seed) => {
        const layer = new Linear({units, useBias});
        const {kernel, bias} = buildWithRandomWeights(layer, shape, seed);
        expect(layer.weights).toHaveLength(useBias ? 2 : 1);
        const x = normalPlain(shape, seed, 'x');
        const y = apply(layer, x);
        expect(y.shape).toEqual([...shape.slice(0, -1), units]);
        expect(layer.computeOutputShape(shape)).toEqual(y.shape);
        expectClose(y.data, linear(x, kernel, bias), 1e-5, 'output');
        layer.dispose();
      }),
      {numRuns: 25},
    );
  });

  it('begins within 1 / sqrt(in) with a bias of zeros, or as its initializers say', () => {
    const layer = build(new Linear({units: 50}), [null, 16]);
    const [kernel, bias] = layer.weights.map((weight) => weight.read().dataSync());
    expect(Math.max(...kernel.map(Math.abs))).toBeLessThanOrEqual(0.25);
    expect(Math.max(...kernel)).toBeGreaterThan(0.24);
    expect(bias).toEqual(new Float32Array(50));
    layer.dispose();
    const chosen = build(new Linear({units: 2}, {kernel: () => Float32Array.of(1, 2, 3, 4), bias: ones}), [null, 2]);
    expect(chosen.weights.map((weight) => [...weight.read().dataSync()])).toEqual([
      [1, 2, 3, 4],
      [1, 1],
    ]);
    chosen.dispose();
  });

  it('must know the size of its input', () => {
    const layer = new Linear({units: 2, name: 'lost'});
    expect(() => build(layer, [null, null])).toThrow(ShapeError);
    expect(() => build(layer, [null, null])).toThrow(/lost: the last dimension of its input \[,\] must be known/);
  });

  it('works in a tf.sequential', () =>
    checkInSequential(
      [new Linear({units: 3}), new Linear({units: 2, useBias: false})],
      tf.randomNormal([2, 3, 4], 0, 1, 'float32', 1),
    ));
});
