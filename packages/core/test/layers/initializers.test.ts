import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {
  type Initializer,
  initializationSeed,
  linearUniform,
  normal,
  ones,
  uniform,
  withInitialization,
  xavierUniform,
  zeros,
} from '../../src/layers/initializers';
import {Linear} from '../../src/layers/linear';
import {Random} from '../../src/random';
import {build} from './layer-check';

const draw = (initializer: Initializer, shape: number[]) => initializer(shape, new Random(3, 'initializers'));
const meanOf = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Expects values spread evenly between -limit and limit. */
function expectUniform(values: Float32Array, limit: number) {
  const deviation = Math.sqrt(meanOf(values.map((value) => value ** 2)));
  expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(Math.fround(limit));
  expect(Math.max(...values)).toBeGreaterThan(0.98 * limit);
  expect(Math.min(...values)).toBeLessThan(-0.98 * limit);
  expect(Math.abs(deviation / (limit / Math.sqrt(3)) - 1)).toBeLessThan(0.03);
}

describe('initializers', () => {
  it('fill with zeros and ones, scalars too', () => {
    expect(draw(zeros, [2, 2])).toEqual(new Float32Array(4));
    expect(draw(ones, [3])).toEqual(Float32Array.of(1, 1, 1));
    expect(draw(ones, [])).toEqual(Float32Array.of(1));
  });

  it('draw from the normal distribution of a standard deviation', () => {
    const values = draw(normal(0.5), [60, 60]);
    expect(values).toHaveLength(3600);
    // Four standard errors of the mean and of the standard deviation.
    expect(Math.abs(meanOf(values))).toBeLessThan((4 * 0.5) / 60);
    const deviation = Math.sqrt(meanOf(values.map((value) => value ** 2)));
    expect(Math.abs(deviation - 0.5)).toBeLessThan((4 * 0.5) / Math.sqrt(2 * 3600));
    const beyondOne = values.filter((value) => Math.abs(value) > 0.5).length / 3600;
    expect(beyondOne).toBeGreaterThan(0.29);
    expect(beyondOne).toBeLessThan(0.345);
  });

  it('draw evenly within the limits of each rule', () => {
    expectUniform(draw(uniform(0.3), [50, 60]), 0.3);
    expectUniform(draw(linearUniform, [50, 60]), 1 / Math.sqrt(50));
    expectUniform(draw(xavierUniform(), [50, 60]), Math.sqrt(6 / 110));
    expectUniform(draw(xavierUniform(0.5), [50, 60]), 0.5 * Math.sqrt(6 / 110));
  });
});

describe('withInitialization', () => {
  const kernelOf = (name: string, settings: {seed?: number}) =>
    withInitialization(settings, () => {
      const layer = build(new Linear({units: 3, useBias: false, name}), [null, 4]);
      const values = [...layer.weights[0].read().dataSync()];
      layer.dispose();
      return values;
    });

  it('draws each weight from the seed and the name of the weight alone', () => {
    const kernel = kernelOf('a', {seed: 1});
    expect(kernel).toEqual([...linearUniform([4, 3], new Random(1, 'a/kernel'))]);
    expect(kernelOf('b', {seed: 1})).not.toEqual(kernel);
    expect(kernelOf('a', {seed: 2})).not.toEqual(kernel);
    expect(kernelOf('a', {seed: 1})).toEqual(kernel);
  });

  it('draws nothing with allocateOnly; weights are there to be written', () => {
    const never: Initializer = () => {
      throw new Error('drawn');
    };
    withInitialization({allocateOnly: true}, () => {
      const layer = build(new Linear({units: 3, useBias: false, name: 'a'}, {kernel: never}), [null, 4]);
      expect(layer.weights[0].shape).toEqual([4, 3]);
      tf.tidy(() => {
        layer.weights[0].write(tf.ones([4, 3]));
      });
      expect([...layer.weights[0].read().dataSync()]).toEqual(new Array(12).fill(1));
      layer.dispose();
    });
  });

  it('goes back to what held outside, also after an error, and keeps what is not set', () => {
    expect(initializationSeed()).toBe(0);
    withInitialization({seed: 4}, () => {
      withInitialization({seed: 5}, () => expect(initializationSeed()).toBe(5));
      withInitialization({allocateOnly: true}, () => expect(initializationSeed()).toBe(4));
      expect(() =>
        withInitialization({seed: 6}, () => {
          throw new Error('no');
        }),
      ).toThrow('no');
      expect(initializationSeed()).toBe(4);
    });
    expect(initializationSeed()).toBe(0);
    expect(tf.memory().numTensors).toBe(0);
  });
});
