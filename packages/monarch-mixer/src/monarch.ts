/**
 * Monarch matrices, of which the architecture has its name (Dao et al. 2022, arXiv 2204.00595; Fu et al. 2023, arXiv
 * 2310.12109): products of block-diagonal matrices, between which features change places.
 *
 *     M = (P_1 B_1) (P_2 B_2) ... (P_o B_o) P_0      of order o (the paper's p): permutations P_i, block-diagonal B_i
 *     M = P L P R P_0                                of order 2
 *
 *     n            length of a row of x
 *     R [k, q, p]  the factor that is applied first: k blocks, each of which reads p features and gives q; n = k p
 *     L [l, s, r]  the second one: l blocks, each of which reads r features and gives s; l r = k q
 *     P            the permutation that reads a row as a matrix and writes it by its columns, see {@link swapGroups}
 *     P_0          the same before R, or, as here and in the authors' code, none: M = P L P R
 *
 * Where all blocks are √n x √n, M has 2 n^1.5 values in place of n², and takes as many multiplications a row.
 *
 * Where the models have them:
 *
 *     along features    The two matrices of the feed-forward are one factor each, R alone: `feed-forward.ts`.
 *     along positions   The Fourier transform is a Monarch matrix with a P_0, so that a convolution, which is three
 *                       transforms and a product, is the paper's mixer. It is computed by core's fast transforms, so
 *                       no weight is a Monarch matrix: `long-convolution/implicit-convolution.ts`. With `basisBlock` one
 *                       is: the basis of the coefficients that are convolved: `long-convolution/causal-monarch.ts`.
 *     both factors      A layer for models of one's own: `monarch-linear.ts`.
 */

import * as tf from '@tensorflow/tfjs';
import {blockDiagonalMatMul, requireTensors, ShapeError} from '@variants/core';

/**
 * The product with a Monarch matrix of order 2, M = P L P R: two block-diagonal products, between and after which the
 * features change places, so that each block of the second reads from all blocks of the first:
 *
 *     h[k', q'] = sum_p R[k', q', p'] x[k', p'];     g[l', s'] = sum_r L[l', s', r'] h[r' l + l'];
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
  requireTensors('monarch', {x, first, second});
  const [k, q] = first.shape;
  const [l, , r] = second.shape;
  if (k * q !== l * r)
    throw new ShapeError(
      `monarch: the first factor [${first.shape}] gives ${k * q} features, but the second [${second.shape}] reads ${l * r}`,
    );
  return tf.tidy(() => {
    const h = swapGroups(blockDiagonalMatMul(x, first), r);
    return swapGroups(blockDiagonalMatMul(h, second), l);
  });
}

/** P: the last axis read as [rows, columns] and written the other way round, [..., rows columns] to [..., columns rows]. */
export function swapGroups(x: tf.Tensor, rows: number): tf.Tensor {
  const width = x.shape[x.rank - 1] as number;
  return x
    .reshape([-1, rows, width / rows])
    .transpose([0, 2, 1])
    .reshape(x.shape);
}
