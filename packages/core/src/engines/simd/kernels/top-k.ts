import * as tf from '@tensorflow/tfjs';
import {isNumeric} from '../tensor-data';
import {borrowing} from './borrowed';
import {bytesOf, kernel, type SimdKernel} from './kernel';

/** tfjs's TopK. Always sorted; equal values in the order of their indices; NaN counts as above all numbers. */
export const topKKernels: readonly SimdKernel[] = [
  kernel<{x: tf.TensorInfo}, {k: number; sorted: boolean}>('TopK', ({inputs, backend, attrs}) => {
    const {x} = inputs;
    const {k} = attrs;
    if (!isNumeric(x.dtype)) return backend.fallback('TopK', inputs, attrs);
    const length = x.shape[x.shape.length - 1];
    const shape = [...x.shape.slice(0, -1), k];
    const [values, indices] = [backend.output(shape, x.dtype), backend.output(shape, 'int32')];
    const rows = tf.util.sizeFromShape(x.shape.slice(0, -1));
    if (rows * k > 0)
      borrowing(backend, (borrowed) => {
        const addresses = [backend.address(x), values.address, indices.address, borrowed.floats(2 * rows * k)];
        const args = [...addresses, length, k, x.dtype === 'float32' ? 1 : 0, bytesOf(x.dtype)];
        backend.threads.run('jobTopK', args, rows, 2 * rows * length);
      });
    return [values, indices];
  }),
];
