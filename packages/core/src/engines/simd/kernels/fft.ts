import * as tf from '@tensorflow/tfjs';
import {Fft} from '../assembly/operations';
import type {SimdBackend} from '../backend';
import {fftTables, runFft} from './fft-plans';
import {kernel, type SimdKernel} from './kernel';

/** tfjs's FFT and IFFT of the last axis of a complex tensor, whose parts are two tensors. */
function complexTransform(name: string, isInverse: boolean): SimdKernel {
  return kernel<{input: tf.TensorInfo}, object>(name, ({inputs, backend, attrs}) => {
    const {shape, dataId} = inputs.input;
    const parts = backend.data.get(dataId).complexTensorInfos;
    const size = tf.util.sizeFromShape(shape);
    const length = shape[shape.length - 1];
    if (!parts || size === 0) return backend.fallback(name, inputs, attrs);
    const [real, imag] = [backend.output(shape), backend.output(shape)];
    const plan = fftTables(backend).plans.get(length);
    // Transforming back is transforming with the parts exchanged.
    const exchanged = (re: number, im: number): [number, number] => (isInverse ? [im, re] : [re, im]);
    const call = {
      operation: Fft.Complex,
      from: exchanged(backend.address(parts.real), backend.address(parts.imag)),
      to: exchanged(real.address, imag.address),
      rows: size / length,
      ...{fromLength: length, toLength: length, length, edge: 1, inside: isInverse ? 1 / length : 1, turns: 0},
    };
    runFft(backend, plan, call, plan.work);
    return complexOf(backend, real, imag);
  });
}

/** A complex tensor of two parts, which become its own. */
function complexOf(backend: SimdBackend, real: tf.TensorInfo, imag: tf.TensorInfo): tf.TensorInfo {
  const result = backend.makeTensorInfo(real.shape, 'complex64');
  backend.data.get(result.dataId).complexTensorInfos = {real, imag};
  return result;
}

/** Fourier transforms of complex tensors. */
export const fftKernels: readonly SimdKernel[] = [complexTransform('FFT', false), complexTransform('IFFT', true)];
