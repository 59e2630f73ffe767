import * as tf from '@tensorflow/tfjs';
import {expect} from 'vitest';
import {Random} from '../../src/random';

/** A tensor of double precision. */
export interface Plain {
  shape: number[];
  data: number[];
}

type PlainInputs = {[name: string]: Plain};
type TensorInputs = {[name: string]: tf.Tensor};

/** A kernel with inputs, and what it is to be compared with. All functions return their outputs in the same order. */
export interface KernelCheck {
  inputs: PlainInputs;
  /** Inputs that are whole numbers. They, and `fixed` ones, get no gradient. Default none. */
  integers?: string[];
  /** Inputs that are not differentiated. Default none. */
  fixed?: string[];
  /** The operation under test. */
  op: (inputs: TensorInputs) => tf.Tensor[];
  /** The same composed from tf ops, for tfjs's own gradients; left out where those are NaN. */
  reference?: (inputs: TensorInputs) => tf.Tensor[];
  /** The mathematical definition in double precision. */
  definition: (inputs: PlainInputs) => number[][];
  /** Allowed error of outputs, relative to the largest value. Default 1e-5. */
  outputTolerance?: number;
  /** Allowed error of gradients, relative to the largest value. Default 1e-4. */
  gradientTolerance?: number;
  /** Least size that errors are relative to, where a small result is a sum of larger terms. Default 0. */
  least?: {output?: number; gradient?: number};
}

/** Numbers of a normal distribution, rounded to float32 so that both precisions see the same. */
export function normalPlain(shape: number[], seed: number, name: string, scale = 1): Plain {
  const random = new Random(seed, name);
  const size = shape.reduce((product, n) => product * n, 1);
  return {shape, data: Array.from({length: size}, () => Math.fround(scale * random.normal()))};
}

/** Cuts the values of a tensor into rows along its last axis. */
export function rowsOf({shape, data}: Plain): number[][] {
  const width = shape[shape.length - 1];
  return Array.from({length: data.length / width}, (_, i) => data.slice(i * width, (i + 1) * width));
}

/** Expects values to be the same: infinities exactly, the rest within `tolerance` of the largest finite one or `least`. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
  least = 0,
) {
  expect(actual.length, `${what}: number of values`).toBe(expected.length);
  const sizes = Array.from(expected, Math.abs).filter(Number.isFinite);
  const largest = Math.max(least, ...sizes) || 1;
  for (let i = 0; i < expected.length; i++) {
    const close = actual[i] === expected[i] || Math.abs(actual[i] - expected[i]) <= tolerance * largest;
    if (!close) expect.fail(`${what}: value ${i} is ${actual[i]}, not ${expected[i]} (largest ${largest})`);
  }
}

/**
 * Expects a kernel's outputs to be those of its definition, and the gradients of sum(output * random probe) to be those
 * of the definition by central differences and those of the reference by tfjs. Infinite outputs are left out of the sum.
 */
export function checkKernel(check: KernelCheck): void {
  const {inputs, integers = [], fixed = [], outputTolerance = 1e-5, gradientTolerance = 1e-4, least = {}} = check;
  const wanted = check.definition(inputs);
  const probes = wanted.map((output, i) => normalPlain([output.length], 1, `probe ${i}`));
  const differentiable = Object.keys(inputs).filter((name) => !integers.includes(name) && !fixed.includes(name));
  tf.tidy(() => {
    const tensors = tensorsOf(inputs, integers);
    const outputs = check.op(tensors);
    for (let i = 0; i < wanted.length; i++)
      expectClose(outputs[i].dataSync(), wanted[i], outputTolerance, `output ${i}`, least.output);

    const gradients = gradientsOf(check.op, tensors, differentiable, probes);
    const automatic = check.reference && gradientsOf(check.reference, tensors, differentiable, probes);
    for (const name of differentiable) {
      expect(gradients[name].shape).toEqual(inputs[name].shape);
      const actual = gradients[name].dataSync();
      const differences = centralDifferences(check, name, probes);
      expectClose(actual, differences, gradientTolerance, `gradient of ${name} by differences`, least.gradient);
      if (automatic)
        expectClose(
          actual,
          automatic[name].dataSync(),
          gradientTolerance,
          `gradient of ${name} by tfjs`,
          least.gradient,
        );
    }
  });
}

function tensorsOf(inputs: PlainInputs, integers: string[]): TensorInputs {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, {shape, data}]) => [
      name,
      tf.tensor(data, shape, integers.includes(name) ? 'int32' : 'float32'),
    ]),
  );
}

function gradientsOf(
  op: KernelCheck['op'],
  inputs: TensorInputs,
  differentiable: string[],
  probes: Plain[],
): TensorInputs {
  const loss = (...values: tf.Tensor[]) => {
    const named = Object.fromEntries(differentiable.map((name, i) => [name, values[i]]));
    const terms = op({...inputs, ...named}).map((output, i) => {
      const finite = tf.where(output.isFinite(), output, tf.zerosLike(output));
      return finite.mul(tf.tensor(probes[i].data, output.shape)).sum();
    });
    return tf.addN(terms).asScalar();
  };
  const gradients = tf.grads(loss)(differentiable.map((name) => inputs[name]));
  return Object.fromEntries(differentiable.map((name, i) => [name, gradients[i]]));
}

function centralDifferences({inputs, definition}: KernelCheck, name: string, probes: Plain[]): number[] {
  const {shape, data} = inputs[name];
  const lossWith = (place: number, value: number) => {
    const moved = data.with(place, value);
    const outputs = definition({...inputs, [name]: {shape, data: moved}});
    return outputs.reduce((sum, output, i) => sum + finiteDot(output, probes[i].data), 0);
  };
  return data.map((x, place) => {
    if (!Number.isFinite(x)) return 0;
    const step = 1e-5 * Math.max(1, Math.abs(x));
    return (lossWith(place, x + step) - lossWith(place, x - step)) / (2 * step);
  });
}

function finiteDot(a: number[], b: number[]): number {
  return a.reduce((sum, x, i) => (Number.isFinite(x) ? sum + x * b[i] : sum), 0);
}
