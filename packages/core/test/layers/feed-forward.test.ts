import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {ConfigError} from '../../src/errors';
import {type Activation, activations} from '../../src/layers/activations';
import {FeedForward} from '../../src/layers/feed-forward';
import {ones, zeros} from '../../src/layers/initializers';
import {expectClose, normalPlain, type Plain} from '../kernels/gradient-check';
import {definitions} from './activation-definitions';
import {apply, build, buildWithRandomWeights, checkInSequential} from './layer-check';
import {linear} from './linear-definition';

function definition(x: Plain, weights: Record<string, Plain>, name: Activation): number[] {
  const rows = x.data.length / 3;
  const hidden = {shape: [rows, 5], data: linear(x, weights['up/kernel'], weights['up/bias']).map(definitions[name])};
  const gateKernel = weights['gate/kernel'];
  if (gateKernel) {
    const gate = linear(x, gateKernel, weights['gate/bias']);
    hidden.data = hidden.data.map((value, i) => value * gate[i]);
  }
  return linear(hidden, weights['down/kernel'], weights['down/bias']);
}

describe('FeedForward', () => {
  for (const gated of [false, true])
    for (const useBias of [false, true])
      it.each(activations)(
        `with %s, ${gated ? '' : 'not '}gated, ${useBias ? 'with' : 'without'} biases, is its definition`,
        (name) => {
          const layer = new FeedForward({intermediateSize: 5, activation: name, gated, useBias});
          const weights = buildWithRandomWeights(layer, [null, null, 3], 4);
          expect(Object.keys(weights)).toHaveLength((gated ? 3 : 2) * (useBias ? 2 : 1));
          const x = normalPlain([2, 2, 3], 4, 'x');
          const y = apply(layer, x);
          expect(y.shape).toEqual([2, 2, 3]);
          expectClose(y.data, definition(x, weights, name), 1e-5, 'output');
          layer.dispose();
        },
      );

  it('has GELU and biases by default, and draws its projections as its initializers say', () => {
    const layer = build(new FeedForward({intermediateSize: 5}, {up: zeros, down: ones}), [null, 3]);
    const weights = Object.fromEntries(layer.weights.map((weight) => [weight.originalName, weight.read()]));
    expect(Object.keys(weights).map((name) => name.slice(layer.name.length))).toEqual([
      '/up/kernel',
      '/up/bias',
      '/down/kernel',
      '/down/bias',
    ]);
    expect([...weights[`${layer.name}/up/kernel`].dataSync()]).toEqual(new Array(15).fill(0));
    expect([...weights[`${layer.name}/down/kernel`].dataSync()]).toEqual(new Array(15).fill(1));
    layer.dispose();
    const standard = new FeedForward({intermediateSize: 5});
    const values = buildWithRandomWeights(standard, [null, 3]);
    const x = normalPlain([1, 2, 3], 0, 'x');
    expectClose(apply(standard, x).data, definition(x, values, 'gelu'), 1e-5, 'output');
    standard.dispose();
  });

  it.each(activations)('with %s gives with both projections in one what it gives with two', (name) => {
    const layer = new FeedForward({intermediateSize: 5, activation: name, gated: true, fusedGate: true});
    const {'up/kernel': kernel, 'up/bias': bias, ...rest} = buildWithRandomWeights(layer, [null, null, 3], 4);
    expect(Object.keys(rest)).toEqual(['down/kernel', 'down/bias']);
    expect(kernel.shape).toEqual([3, 10]);
    const half = ({data}: Plain, first: number) => data.filter((_, i) => i % 10 >= first && i % 10 < first + 5);
    const weights = {
      ...rest,
      'up/kernel': {shape: [3, 5], data: half(kernel, 0)},
      'up/bias': {shape: [5], data: half(bias, 0)},
      'gate/kernel': {shape: [3, 5], data: half(kernel, 5)},
      'gate/bias': {shape: [5], data: half(bias, 5)},
    };
    const x = normalPlain([2, 2, 3], 4, 'x');
    expectClose(apply(layer, x).data, definition(x, weights, name), 1e-5, 'output');
    layer.dispose();
  });

  it('has a bias on its output apart from the others', () => {
    const layer = new FeedForward({intermediateSize: 5, useBias: false, useOutputBias: true});
    const weights = buildWithRandomWeights(layer, [null, null, 3]);
    expect(Object.keys(weights)).toEqual(['up/kernel', 'down/kernel', 'down/bias']);
    const x = normalPlain([1, 1, 3], 0, 'x');
    expectClose(apply(layer, x).data, definition(x, weights, 'gelu'), 1e-5, 'output');
    layer.dispose();
  });

  it('refuses a fused gate that there is not', () => {
    expect(() => new FeedForward({intermediateSize: 5, fusedGate: true})).toThrow(
      new ConfigError('FeedForward: fusedGate is true, but needs gated to be true'),
    );
  });

  it('refuses an unknown activation at once', () => {
    expect(() => new FeedForward({intermediateSize: 5, activation: 'swosh' as Activation})).toThrow(ConfigError);
  });

  it.each(activations)('works in a tf.sequential with %s, two beside each other', (name) =>
    checkInSequential(
      [
        new FeedForward({intermediateSize: 4, activation: name}),
        new FeedForward({intermediateSize: 4, activation: name, gated: true, useBias: false}),
      ],
      tf.randomNormal([2, 4, 3], 0, 1, 'float32', 1),
    ),
  );

  it('works in a tf.sequential with its gate fused', () =>
    checkInSequential(
      [new FeedForward({intermediateSize: 4, gated: true, fusedGate: true})],
      tf.randomNormal([2, 4, 3], 0, 1, 'float32', 1),
    ));
});
