import * as tf from '@tensorflow/tfjs';
import {afterEach, describe, expect, it} from 'vitest';
import {defineKernel, type KernelCall} from '../../src/kernels/define-kernel';

type Inputs = {x: tf.Tensor; factor?: tf.Tensor; shift: tf.Tensor};
type Outputs = {product: tf.Tensor; square: tf.Tensor};

const names: string[] = [];

/** power · x · factor + shift, and x²; a kernel under a name of its own. */
function testKernel(name: string) {
  names.push(name);
  return defineKernel<Inputs, {power: number}, Outputs>({
    name,
    outputs: ['product', 'square'],
    differentiable: ['x', 'factor'],
    reference: ({x, factor, shift}, {power}) => ({
      product: (factor ? x.mul(factor) : x).mul(power).add(shift),
      square: x.square(),
    }),
    gradient: ({product, square}, {x, factor}, outputs, {power}) => ({
      x: product
        .mul(factor ?? 1)
        .mul(power)
        .add(square.mul(x).mul(2)),
      ...(factor && {factor: product.mul(x).mul(power).add(outputs.square.mul(0))}),
    }),
  });
}

/** Frees what tfjs saved for a gradient that it then could not give; it does so itself only after a gradient. */
function disposeTape() {
  const {activeTape} = tf.engine().state as unknown as {activeTape: {saved?: tf.Tensor[]}[]};
  for (const {saved} of activeTape) tf.dispose(saved);
}

const values = (tensor: tf.Tensor) => [...tensor.dataSync()];

describe('defineKernel', () => {
  afterEach(() => {
    for (const name of names.splice(0)) {
      if (tf.getKernel(name, tf.getBackend())) tf.unregisterKernel(name, tf.getBackend());
      tf.unregisterGradient(name);
    }
  });

  it('runs the reference, and names inputs and outputs with or without the optional ones', () => {
    const kernel = testKernel('TestNamed');
    tf.tidy(() => {
      const [x, factor, shift] = [tf.tensor1d([1, 2]), tf.tensor1d([3, 4]), tf.scalar(10)];
      expect(values(kernel({x, factor, shift}, {power: 2}).product)).toEqual([16, 26]);
      expect(values(kernel({x, factor: undefined, shift}, {power: 2}).product)).toEqual([12, 14]);
      expect(values(kernel({shift, x}, {power: 3}).square)).toEqual([1, 4]);
    });
  });

  it('gives the closed-form gradients of all inputs, sums of outputs included', () => {
    const kernel = testKernel('TestGradients');
    tf.tidy(() => {
      const [x, factor, shift] = [tf.tensor1d([1, 2]), tf.tensor1d([3, 4]), tf.scalar(10)];
      const loss = (a: tf.Tensor, b: tf.Tensor) => {
        const {product, square} = kernel({x: a, factor: b, shift}, {power: 2});
        return product.add(square.mul(10)).sum().asScalar();
      };
      const [dx, dFactor] = tf.grads(loss)([x, factor]);
      expect(values(dx)).toEqual([2 * 3 + 20, 2 * 4 + 40]);
      expect(values(dFactor)).toEqual([2, 4]);
      const productAlone = tf.grad((a) => kernel({x: a, shift}, {power: 5}).product)(x);
      expect(values(productAlone)).toEqual([5, 5]);
    });
  });

  it('adds up the gradients where one tensor is two inputs', () => {
    const kernel = testKernel('TestTwice');
    tf.tidy(() => {
      const gradient = tf.grad((x) => kernel({x, factor: x, shift: tf.scalar(0)}, {power: 1}).product)(
        tf.tensor1d([3]),
      );
      expect(values(gradient)).toEqual([6]);
    });
  });

  it('does not pretend that an input without a gradient has one', () => {
    const kernel = testKernel('TestMissing');
    tf.tidy(() => {
      const toShift = tf.grad((shift) => kernel({x: tf.tensor1d([1]), shift}, {power: 1}).product);
      expect(() => toShift(tf.scalar(1))).toThrow(/backprop/);
    });
    disposeTape();
  });

  it('prefers the fused kernel that a backend has registered, with the same gradient', () => {
    const kernel = testKernel('TestFused');
    const calls: unknown[] = [];
    tf.registerKernel({
      kernelName: 'TestFused',
      backendName: tf.getBackend(),
      kernelFunc: ({inputs, attrs}) => {
        calls.push(attrs);
        const {names: order} = attrs as unknown as KernelCall<{power: number}>;
        const x = (inputs as unknown as tf.Tensor[])[order.indexOf('x')];
        return [tf.fill(x.shape, 100), x.square()];
      },
    });
    tf.tidy(() => {
      const x = tf.tensor1d([1, 2]);
      expect(values(kernel({x, shift: tf.scalar(0)}, {power: 2}).product)).toEqual([100, 100]);
      expect(calls).toEqual([{names: ['x', 'shift'], attributes: {power: 2}}]);
      const gradient = tf.grad((a) => kernel({x: a, shift: tf.scalar(0)}, {power: 2}).product)(x);
      expect(values(gradient)).toEqual([2, 2]);
    });
  });

  it('leaves no tensors behind but its outputs', () => {
    const kernel = testKernel('TestMemory');
    const [x, shift] = [tf.tensor1d([1, 2]), tf.scalar(1)];
    const before = tf.memory().numTensors;
    const {product, square} = kernel({x, shift}, {power: 2});
    expect(tf.memory().numTensors - before).toBe(2);
    const gradient = tf.grad((a) => kernel({x: a, shift}, {power: 2}).product)(x);
    expect(tf.memory().numTensors - before).toBe(3);
    tf.dispose([x, shift, product, square, gradient]);
  });
});
