/**
 * Monarch matrices (Dao et al. 2022, arXiv 2204.00595; Fu et al. 2023, arXiv 2310.12109, section 2).
 *
 *     n            length of a row of x
 *     k, p         blocks of the first factor and what each reads: n = k p
 *     q            what each block of the first factor gives
 *     l, r         blocks of the second factor and what each reads: l r = k q
 *     s            what each block of the second factor gives
 *     L, R         the paper's second and first factor
 */
import * as tf from '@tensorflow/tfjs';
import {blockDiagonalMatMul, ShapeError} from '@variants/core';
import {swapGroups} from './swap-groups';

/**
 * The product with a Monarch matrix of order 2, M = P L P R: two block-diagonal products, between and after which the
 * features change places, so that each block of the second reads from all blocks of the first:
 *
 *     h[k', q'] = sum_p first[k', q', p'] x[k', p'];     g[l', s'] = sum_r second[l', s', r'] h[r' l + l'];
 *     y[s' l + l'] = g[l', s']
 *
 * It takes n (q + s) multiplications a row, in place of n l s.
 *
 * @param x [..., k p]
 * @param first R [k, q, p]
 * @param second L [l, s, r], l r = k q
 * @returns [..., l s]
 * @throws ShapeError when the shapes do not fit each other.
 */
export function monarch(x: tf.Tensor, first: tf.Tensor3D, second: tf.Tensor3D): tf.Tensor {
  const [blocks, outputs] = first.shape;
  const [l, , r] = second.shape;
  if (blocks * outputs !== l * r)
    throw new ShapeError(
      `monarch: the first factor [${first.shape}] gives ${blocks * outputs} features, but the second [${second.shape}] reads ${l * r}`,
    );
  return tf.tidy(() => {
    const h = swapGroups(blockDiagonalMatMul(x, first), r);
    return swapGroups(blockDiagonalMatMul(h, second), l);
  });
}
