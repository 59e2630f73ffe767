import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {gelu} from '../../src/kernels/gelu';
import {erf as erfKernel, geluReference} from '../../src/kernels/gelu/reference';
import {checkKernel, expectClose, normalPlain, type Plain} from './gradient-check';

/** erf x = 2/sqrt(π) exp(-x²) Σ 2ⁿ x^(2n+1) / (1 · 3 · ... · (2n + 1)), whose terms all have one sign. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = 0;
  for (let n = 0; n < 200; n++) {
    sum += term;
    term *= (2 * x * x) / (2 * n + 3);
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

function definition(x: number, approximate: boolean): number {
  const inner = Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
  return (x / 2) * (1 + (approximate ? Math.tanh(inner) : erf(x / Math.SQRT2)));
}

function check(x: Plain, approximate: boolean) {
  checkKernel({
    inputs: {x},
    op: (inputs) => [gelu(inputs.x, approximate)],
    reference: (inputs) => [geluReference(inputs.x, approximate)],
    definition: (inputs) => [inputs.x.data.map((value) => definition(value, approximate))],
    outputTolerance: 1e-6,
    gradientTolerance: 1e-5,
    least: {output: 1, gradient: 1},
  });
}

describe.each([
  ['exact', false],
  ['approximate', true],
])('gelu, %s', (_, approximate) => {
  it('and its gradient are what the definition gives, on any shape', () => {
    const shapes = fc.array(fc.integer({min: 1, max: 5}), {maxLength: 4});
    fc.assert(
      fc.property(shapes, fc.nat(), (shape, seed) => check(normalPlain(shape, seed, 'x', 2), approximate)),
      {numRuns: 15},
    );
  });

  it('holds from very small to large values', () => {
    check({shape: [9], data: [-8, -5, -3, -1e-6, 0, 1e-6, 3, 5, 8].map(Math.fround)}, approximate);
  });

  it('is 0 far below 0 and x far above, with the gradients 0 and 1', () => {
    tf.tidy(() => {
      const x = tf.tensor1d([-1e10, -1e4, -100, 100, 1e4, 1e10]);
      const gradient = tf.grad((v) => gelu(v, approximate))(x);
      expectClose(gelu(x, approximate).dataSync(), [0, 0, 0, 100, 1e4, 1e10].map(Math.fround), 0, 'output');
      expectClose(gradient.dataSync(), [0, 0, 0, 1, 1, 1], 0, 'gradient');
    });
  });
});

describe('gelu', () => {
  it('is exact unless asked otherwise', () => {
    tf.tidy(() => expectClose(gelu(tf.tensor1d([2])).dataSync(), [definition(2, false)], 1e-6, 'output'));
    expect(Math.abs(definition(2, false) - definition(2, true))).toBeGreaterThan(1e-5);
  });

  it('rests on an error function within 3e-7', () => {
    const x = Array.from({length: 801}, (_, i) => Math.fround((i - 400) / 100));
    tf.tidy(() => expectClose(erfKernel(tf.tensor1d(x)).dataSync(), x.map(erf), 3e-7, 'erf'));
  });
});
