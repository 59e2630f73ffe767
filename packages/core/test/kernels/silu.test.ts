import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {silu} from '../../src/kernels/silu';
import {siluReference} from '../../src/kernels/silu/reference';
import {checkKernel, expectClose, normalPlain, type Plain} from './gradient-check';

function check(x: Plain) {
  checkKernel({
    inputs: {x},
    op: (inputs) => [silu(inputs.x)],
    reference: (inputs) => [siluReference(inputs.x)],
    definition: (inputs) => [inputs.x.data.map((value) => value / (1 + Math.exp(-value)))],
    outputTolerance: 1e-6,
    gradientTolerance: 1e-5,
    least: {output: 1, gradient: 1},
  });
}

describe('silu', () => {
  it('and its gradient are what the definition gives, on any shape', () => {
    const shapes = fc.array(fc.integer({min: 1, max: 5}), {maxLength: 4});
    fc.assert(
      fc.property(shapes, fc.nat(), (shape, seed) => check(normalPlain(shape, seed, 'x', 2))),
      {numRuns: 15},
    );
  });

  it('is 0 far below 0 and x far above, with the gradients 0 and 1', () => {
    tf.tidy(() => {
      const x = tf.tensor1d([-1e10, -1e4, -200, 100, 1e4, 1e10]);
      const gradient = tf.grad((v) => silu(v))(x);
      expectClose(silu(x).dataSync(), [0, 0, 0, 100, 1e4, 1e10].map(Math.fround), 0, 'output');
      expectClose(gradient.dataSync(), [0, 0, 0, 1, 1, 1], 0, 'gradient');
    });
  });

  it('has the minimum that is known: -0.27846 at -1.27846', () => {
    tf.tidy(() => {
      expect(silu(tf.scalar(-1.2784645)).dataSync()[0]).toBeCloseTo(-0.2784645, 6);
      const slope = tf.grad((v) => silu(v))(tf.scalar(-1.2784645));
      expect(Math.abs(slope.dataSync()[0])).toBeLessThan(1e-6);
    });
  });
});
