import type * as tf from '@tensorflow/tfjs';
import type {SimdBackend} from '../backend';

/** A kernel of this backend: its name in tfjs and its function. */
export interface SimdKernel {
  kernelName: string;
  kernelFunc: tf.KernelFunc;
}

/** What a kernel function gets, with this backend's type. */
export interface KernelCall<Inputs, Attributes> {
  inputs: Inputs;
  backend: SimdBackend;
  attrs: Attributes;
}

/** A kernel whose inputs and attributes are typed as tfjs documents them. */
export function kernel<Inputs, Attributes>(
  kernelName: string,
  run: (call: KernelCall<Inputs, Attributes>) => tf.TensorInfo | tf.TensorInfo[],
): SimdKernel {
  return {kernelName, kernelFunc: (call) => run(call as unknown as KernelCall<Inputs, Attributes>)};
}

/** Of a value in the engine's memory. */
export const bytesOf = (dtype: tf.DataType): 1 | 4 => (dtype === 'bool' ? 1 : 4);

const bits = new DataView(new ArrayBuffer(4));

/** A float32 as a job's argument. */
export function floatBits(value: number): number {
  bits.setFloat32(0, value);
  return bits.getInt32(0);
}

/** What a fused kernel of `src/kernels` is told beside its tensors. */
export interface FusedCall<Attributes> {
  /** Names of the inputs, in the order in which they are passed. */
  names: string[];
  attributes: Attributes;
}

/** A kernel whose tensors come and go as lists. */
export function listKernel<Call>(
  kernelName: string,
  run: (tensors: tf.TensorInfo[], backend: SimdBackend, call: Call) => tf.TensorInfo[],
): SimdKernel {
  return {
    kernelName,
    kernelFunc: ({inputs, backend, attrs}) =>
      run(inputs as unknown as tf.TensorInfo[], backend as SimdBackend, attrs as unknown as Call),
  };
}

/** A fused version of a kernel of `src/kernels`, or of its gradient. */
export const fusedKernel = <Attributes>(
  kernelName: string,
  run: (tensors: tf.TensorInfo[], backend: SimdBackend, call: FusedCall<Attributes>) => tf.TensorInfo[],
): SimdKernel => listKernel<FusedCall<Attributes>>(kernelName, run);
