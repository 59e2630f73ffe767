import type * as tf from '@tensorflow/tfjs';
import {requireTensors} from '../../arguments';
import {ShapeError} from '../../errors';
import {defineKernel} from '../define-kernel';
import {blockDiagonalMatMulGradient} from './gradient';
import {blockDiagonalMatMulReference} from './reference';
import type {BlockDiagonalMatMulInputs} from './types';

const kernel = defineKernel<BlockDiagonalMatMulInputs, object, {y: tf.Tensor}>({
  name: 'BlockDiagonalMatMul',
  outputs: ['y'],
  differentiable: ['x', 'weights'],
  reference: (inputs) => ({y: blockDiagonalMatMulReference(inputs)}),
  gradient: ({y: g}, inputs) => blockDiagonalMatMulGradient(g, inputs),
});

/**
 * The product with a block-diagonal matrix: the last axis of x is cut into as many blocks as there are weights, and each
 * block is multiplied by a matrix of its own,
 *
 *     y_k = W_k x_k
 *
 * so that y = x diag(W_0, W_1, ...)ᵀ, at a cost of blocks x out x in a row in place of their squares.
 *
 * @param x [..., blocks * in]
 * @param weights W [blocks, out, in]
 * @returns [..., blocks * out]
 * @throws ShapeError when the last axis of x is not blocks * in.
 */
export function blockDiagonalMatMul(x: tf.Tensor, weights: tf.Tensor): tf.Tensor {
  requireTensors('blockDiagonalMatMul', {x, weights});
  const [blocks, , inputs] = weights.shape;
  if (weights.rank !== 3 || x.rank === 0 || x.shape[x.rank - 1] !== blocks * inputs)
    throw new ShapeError(
      `blockDiagonalMatMul: the last axis of x [${x.shape}] must be blocks * in of the weights [${weights.shape}], [blocks, out, in]`,
    );
  return kernel({x, weights}, {}).y;
}
