import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {GoldenCase} from '../src/golden-case';
import {probedOperator, probeLoss} from '../src/probe';
import {runCase} from '../src/run-case';
import {floats, temporaryFolder, writeCase} from './made-up';

const minusInfinity = Number.NEGATIVE_INFINITY;

describe('probeLoss', () => {
  it('is the sum of output * probe over all pairs, without what is infinite', () => {
    tf.tidy(() => {
      const loss = (x: tf.Tensor) => probeLoss([x, tf.tensor1d([1, 2])], [x.log(), tf.tensor1d([10, 5])]);
      const {value, grad} = tf.valueAndGrad(loss)(tf.tensor1d([1, Math.E]));
      expect(value.dataSync()[0]).toBeCloseTo(1 + 2 * Math.E + 5, 5);
      expect([...grad.dataSync()][0]).toBeCloseTo(1 + 10, 5);
      expect(probeLoss([tf.tensor1d([minusInfinity, 3]), tf.tensor1d([1, 2])]).dataSync()[0]).toBe(6);
    });
  });
});

describe('probedOperator', () => {
  const kinds = {
    product: (golden: GoldenCase) =>
      probedOperator(golden, {
        inputs: {'input.a': golden.input('a'), w: golden.weights().w},
        run: (inputs) => ({'output.y': inputs['input.a'].mul(inputs.w), 'output.a': inputs['input.a'].neg()}),
        probes: {'output.y': 'probe'},
        prefix: 'second.',
      }),
  };
  const stored = {
    'input.a': floats([1, 1000]),
    probe: floats([1000, -1]),
    'output.y': floats([2, 2000]),
    'output.a': floats([-1, -1000]),
    // Far off by itself, near against the terms 2000 and -2000.
    'second.loss': floats([0.01]),
    'second.grad.input.a': floats([2000, -2]),
    'second.grad.w': floats([1000, -1000]),
  };
  const run = (expected: typeof stored) =>
    runCase(
      new GoldenCase(
        writeCase(temporaryFolder(), 'case', {
          description: {kind: 'product'},
          expected,
          weights: {w: floats([2, 2])},
        }),
        'rwkv',
      ),
      kinds,
    );

  it('computes outputs, loss and gradients by their stored names', async () => {
    expect(await run(stored)).toEqual([]);
  });

  it('notices wrong losses and gradients', async () => {
    const failures = await run({...stored, 'second.loss': floats([1]), 'second.grad.w': floats([1000, 1000])});
    expect(failures.map((line) => line.split(': ')[1]).sort()).toEqual(['second.grad.w', 'second.loss']);
  });
});
