import type * as tf from '@tensorflow/tfjs';
import {isNumeric} from '../backend';
import {kernel} from './kernel';

/**
 * tfjs's Cast. tfjs's own CPU kernel gives a whole number the dtype float32 and leaves its bits as they are; here a
 * float32 tensor holds floats, always.
 */
export const cast = kernel<{x: tf.TensorInfo}, {dtype: tf.DataType}>('Cast', ({inputs, backend, attrs}) => {
  const {x} = inputs;
  const {dtype} = attrs;
  if (!isNumeric(dtype) || !isNumeric(x.dtype)) return backend.fallback('Cast', inputs, attrs);
  if (x.dtype === dtype) {
    backend.incRef(x.dataId);
    return {dataId: x.dataId, shape: x.shape, dtype};
  }
  const output = backend.output(x.shape, dtype);
  const [from, to] = [backend.values(x), backend.values(output)];
  if (dtype === 'bool') for (let i = 0; i < to.length; i++) to[i] = from[i] ? 1 : 0;
  else to.set(from);
  return output;
});
