import type * as tf from '@tensorflow/tfjs';
import {requireArgument, requireTensors} from '../../arguments';
import {ShapeError} from '../../errors';
import {defineKernel} from '../define-kernel';
import {stableOrderReference} from './reference';

const kernel = defineKernel<{keys: tf.Tensor}, {bound: number}, {order: tf.Tensor}>({
  name: 'StableOrder',
  outputs: ['order'],
  differentiable: [],
  reference: ({keys}, {bound}) => ({order: stableOrderReference(keys, bound)}),
  gradient: () => ({}),
});

/**
 * The order that sorts small whole numbers along the last axis: places of the keys, ascending by key, those of equal keys
 * as they lie. On the engine it is a counting sort, n + bound steps a row. The order of an order is its inverse. No gradient.
 *
 * @param keys [..., n] int32, each from 0 to bound - 1.
 * @param bound One more than the largest key that there may be, below 2^31.
 * @returns [..., n] int32
 * @throws ShapeError when keys are no int32 of rank 1 or more.
 */
export function stableOrder(keys: tf.Tensor, bound: number): tf.Tensor {
  requireTensors('stableOrder', {keys});
  if (keys.rank < 1 || keys.dtype !== 'int32')
    throw new ShapeError(`stableOrder: keys are ${keys.dtype} [${keys.shape}], but must be int32 of rank 1 or more`);
  const isBound = Number.isInteger(bound) && bound >= 1 && bound < 2 ** 31;
  requireArgument('stableOrder', 'bound', bound, isBound, 'a whole number from 1 to 2^31 - 1');
  return kernel({keys}, {bound}).order;
}
