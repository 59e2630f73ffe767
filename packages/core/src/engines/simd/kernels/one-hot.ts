import type * as tf from '@tensorflow/tfjs';
import {isNumeric} from '../tensor-data';
import {kernel, type SimdKernel} from './kernel';

interface Attributes {
  dtype: tf.DataType;
  depth: number;
  onValue: number;
  offValue: number;
}

/** tfjs's OneHot. */
export const oneHotKernels: readonly SimdKernel[] = [
  kernel<{indices: tf.TensorInfo}, Attributes>('OneHot', ({inputs, backend, attrs}) => {
    const {indices} = inputs;
    const {dtype, depth, onValue, offValue} = attrs;
    if (!isNumeric(dtype) || indices.dtype !== 'int32') return backend.fallback('OneHot', inputs, attrs);
    const output = backend.output([...indices.shape, depth], dtype);
    const [from, to] = [backend.values(indices), backend.values(output)];
    to.fill(offValue);
    for (let i = 0; i < from.length; i++) if (from[i] >= 0 && from[i] < depth) to[i * depth + from[i]] = onValue;
    return output;
  }),
];
