import * as tf from '@tensorflow/tfjs';
import {stableOrderReference} from '../../../kernels/stable-order/reference';
import {borrowing} from './borrowed';
import {fusedKernel, type SimdKernel} from './kernel';
import {workSlots} from './work-slots';

/** Keys that there may be at most for a count of each: beyond, the definition is cheaper. */
const MOST_COUNTS = 2 ** 20;

const stableOrder = fusedKernel<{bound: number}>('StableOrder', ([keys], backend, {attributes: {bound}}) => {
  if (bound > MOST_COUNTS) return [tf.tidy(() => stableOrderReference(keys as tf.Tensor, bound))];
  const order = backend.output(keys.shape, 'int32');
  const length = keys.shape[keys.shape.length - 1];
  const rows = length === 0 ? 0 : tf.util.sizeFromShape(keys.shape) / length;
  borrowing(backend, (borrowed) => {
    const slots = workSlots(backend, borrowed, 16 * Math.ceil(bound / 4));
    const args = [backend.address(keys), order.address, length, bound, ...slots];
    backend.threads.run('jobStableOrder', args, rows, rows * (8 * length + bound));
  });
  return [order];
});

/** The fused kernel of `kernels/stable-order`. */
export const stableOrderKernels: readonly SimdKernel[] = [stableOrder];
