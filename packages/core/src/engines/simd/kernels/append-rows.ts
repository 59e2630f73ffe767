import * as tf from '@tensorflow/tfjs';
import type {SimdBackend} from '../backend';
import {copyValues} from './copy';
import {fusedKernel, type SimdKernel} from './kernel';

/** The fused kernel of `kernels/append-rows`: in the buffer's own memory, unless others have a share in it. */
const appendRows = fusedKernel<object>('AppendRows', (tensors, backend) => write('jobAppend', tensors, backend));

/** The fused kernel of `kernels/ring`, in the same way. */
const writeRing = fusedKernel<{kept: number}>('WriteRing', (tensors, backend, {attributes}) =>
  write('jobRing', tensors, backend, attributes.kept),
);

function write(
  job: 'jobAppend' | 'jobRing',
  [buffer, rows, length]: tf.TensorInfo[],
  backend: SimdBackend,
  ...more: number[]
): tf.TensorInfo[] {
  const target = ownCopy(backend, buffer);
  const [capacity, width] = buffer.shape.slice(-2);
  const time = rows.shape[rows.shape.length - 2];
  const groups = tf.util.sizeFromShape(buffer.shape.slice(0, -2));
  const addresses = [target, rows, length].map((tensor) => backend.address(tensor));
  backend.threads.run(job, [...addresses, capacity, time, width, ...more], groups, groups * time * width);
  return [target];
}

/** A tensor that may be written into: a buffer's own memory, or a copy where others have a share in it. */
export function ownCopy(backend: SimdBackend, buffer: tf.TensorInfo): tf.TensorInfo {
  if (backend.refCount(buffer.dataId) <= 1) return backend.share(buffer, buffer.shape);
  const copy = backend.output(buffer.shape, buffer.dtype as 'float32' | 'int32');
  copyValues(backend, backend.address(buffer), copy.address, tf.util.sizeFromShape(buffer.shape), 4);
  return copy;
}

/** Kernels that write into what is there. */
export const appendKernels: readonly SimdKernel[] = [appendRows, writeRing];
