import * as tf from '@tensorflow/tfjs';
import type {SimdBackend} from '../backend';
import {isNumeric, type NumericType} from '../tensor-data';
import {CHEAP, pieceOf} from './cost';
import {bytesOf, floatBits, kernel, type SimdKernel} from './kernel';

type SelectInputs = {condition: tf.TensorInfo; t: tf.TensorInfo; e: tf.TensorInfo};

const select = kernel<SelectInputs, object>('Select', ({inputs, backend, attrs}) => {
  const {condition, t, e} = inputs;
  const sameShape = tf.util.arraysEqual(condition.shape, t.shape) && condition.dtype === 'bool';
  if (!isNumeric(t.dtype) || t.dtype !== e.dtype || !sameShape) return backend.fallback('Select', inputs, attrs);
  const output = backend.output(t.shape, t.dtype);
  const count = tf.util.sizeFromShape(t.shape);
  const addresses = [condition, t, e].map((x) => backend.address(x));
  const piece = pieceOf(CHEAP);
  const args = [...addresses, output.address, count, piece, bytesOf(t.dtype)];
  backend.threads.run('jobSelect', args, Math.ceil(count / piece), CHEAP * count);
  return output;
});

/** The 4 bytes that repeat in a tensor of one value. */
function pattern(value: number, dtype: NumericType): number {
  if (dtype === 'float32') return floatBits(value);
  // As tfjs stores them in arrays of whole numbers and of bytes.
  return dtype === 'int32' ? value | 0 : (value & 255) * 0x01010101;
}

/** A tensor with one value everywhere. */
function filled(backend: SimdBackend, shape: number[], value: number, dtype: NumericType): tf.TensorInfo {
  const output = backend.output(shape, dtype);
  const vectors = Math.ceil((tf.util.sizeFromShape(shape) * bytesOf(dtype)) / 16);
  const piece = pieceOf(CHEAP);
  const args = [output.address, vectors, piece, pattern(value, dtype)];
  backend.threads.run('jobFill', args, Math.ceil(vectors / piece), CHEAP * vectors);
  return output;
}

type FillAttributes = {shape: number[]; value: number | string; dtype?: tf.DataType};

const fill = kernel<object, FillAttributes>('Fill', ({inputs, backend, attrs}) => {
  const {shape, value, dtype = tf.util.inferDtype(value)} = attrs;
  if (!isNumeric(dtype) || typeof value === 'string') return backend.fallback('Fill', inputs, attrs);
  return filled(backend, shape, Number(value), dtype);
});

function constantLike(name: string, value: number): SimdKernel {
  return kernel<{x: tf.TensorInfo}, object>(name, ({inputs, backend, attrs}) => {
    const {shape, dtype} = inputs.x;
    return isNumeric(dtype) ? filled(backend, shape, value, dtype) : backend.fallback(name, inputs, attrs);
  });
}

export const selectKernels: readonly SimdKernel[] = [
  select,
  fill,
  constantLike('ZerosLike', 0),
  constantLike('OnesLike', 1),
];
