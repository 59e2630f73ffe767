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
