/**
 * The causal Monarch convolution (Fu et al. 2023, arXiv 2310.12109, section 4): polynomials are multiplied whose
 * coefficients are given in a basis that a Monarch matrix makes.
 *
 *     N = n m      length of a sequence, n groups of m positions; position i = i0 m + i1
 *     q_j          the basis: q_{j0 m + j1}(Z) = l_j1(Z) r_{j1,j0}(Z^m), each of least degree j
 *     l_j1         column j1 of L [m, m], lower triangular
 *     r_{j1,j0}    column j0 of R[j1] [n, n], lower triangular
 *     B [N, N]     coefficients of the basis: B[i, j] = L[i1, j1] R[j1][i0, j0], lower triangular too
 *
 * B is a Monarch matrix (see `monarch.ts`) without the outermost P: B = diag(L, L, ...) P R P_0, where P_0 brings together the
 * positions that have the same place i1 in their groups, and P those of a group.
 */

import * as tf from '@tensorflow/tfjs';
import {longConvolution, requireTensors, ShapeError} from '@variants/core';
import {inverseOfTriangles, lowerTriangle} from './triangular';

/** The two factors of a basis, as they are or inverted. */
export type Basis = {
  /** L [m, m]; only its lower triangle counts. */
  L: tf.Tensor2D;
  /** R [m, n, n]; only the lower triangles count. */
  R: tf.Tensor3D;
};

/** Sequences [batch, n m, channels] as [m, n, batch · channels]: a matrix for each place in a group. */
function byPlace(x: tf.Tensor, {L, R}: Basis): tf.Tensor3D {
  const [m, n] = [L.shape[0], R.shape[1]];
  const [batch, , channels] = x.shape as number[];
  return x
    .reshape([batch, n, m, channels])
    .transpose([2, 1, 0, 3])
    .reshape([m, n, batch * channels]);
}

function fromPlaces(x: tf.Tensor, {L, R}: Basis, shape: number[]): tf.Tensor3D {
  const [batch, , channels] = shape;
  return x.reshape([L.shape[0], R.shape[1], batch, channels]).transpose([2, 1, 0, 3]).reshape(shape);
}

/** L along the places of a group, for all groups. */
const alongPlaces = (L: tf.Tensor2D, x: tf.Tensor3D): tf.Tensor3D =>
  tf.matMul(L, x.reshape([x.shape[0], -1])).reshape(x.shape);

/**
 * The coefficients of powers of Z of polynomials that are given in the basis: B x, in O(N (m + n)) for each channel.
 * @param x [batch, N, channels]
 * @returns [batch, N, channels]
 */
export function fromBasis(x: tf.Tensor, {L, R}: Basis): tf.Tensor3D {
  return tf.tidy(() => {
    const basis = {L: lowerTriangle(L) as tf.Tensor2D, R: lowerTriangle(R) as tf.Tensor3D};
    return fromPlaces(alongPlaces(basis.L, tf.matMul(basis.R, byPlace(x, basis))), basis, x.shape);
  });
}

/**
 * The other way, B^-1 x: by the inverses of the two factors.
 * @param x [batch, N, channels]
 * @returns [batch, N, channels]
 */
function toBasis(x: tf.Tensor, basis: Basis): tf.Tensor3D {
  return tf.tidy(() => {
    const {L, R} = inverseBasis(basis);
    return fromPlaces(tf.matMul(R, alongPlaces(L, byPlace(x, basis))), basis, x.shape);
  });
}

/** L^-1 and each R[j1]^-1. */
export function inverseBasis({L, R}: Basis): Basis {
  return {
    L: inverseOfTriangles(lowerTriangle(L).expandDims(0) as tf.Tensor3D).squeeze([0]),
    R: inverseOfTriangles(lowerTriangle(R) as tf.Tensor3D),
  };
}

/** B [N, N]: column j holds the coefficients of q_j. */
export function basisMatrix(basis: Basis): tf.Tensor2D {
  const length = basis.L.shape[0] * basis.R.shape[1];
  return tf.tidy(() => fromBasis(tf.eye(length).expandDims(0), basis).squeeze([0]) as tf.Tensor2D);
}

/**
 * The causal Monarch convolution: the product of two polynomials up to degree N - 1, all three given by their coefficients
 * in the basis,
 *
 *     y = B^-1 ((B x) * (B kernel)),      where * is the causal convolution
 *
 * for each channel. An output depends on inputs up to its own position alone. With identities for L and R it is the
 * convolution itself.
 *
 * @param x [batch, N, channels]
 * @param kernel [N, channels]
 * @returns [batch, N, channels]
 * @throws ShapeError when N is not n m, or shapes do not fit each other otherwise.
 */
export function causalMonarch(x: tf.Tensor, kernel: tf.Tensor2D, basis: Basis): tf.Tensor3D {
  requireTensors('causalMonarch', {x, kernel});
  const [, length, channels] = x.shape;
  const {L, R} = basis;
  const [m, n] = [L.shape[0], R.shape[1]];
  if (length !== n * m || L.shape[1] !== m || R.shape[0] !== m || R.shape[2] !== n)
    throw new ShapeError(
      `causalMonarch: L [${L.shape}] and R [${R.shape}] must be [m, m] and [m, n, n], as x is [${x.shape}], [batch, n m, channels]`,
    );
  if (kernel.shape[0] !== length || kernel.shape[1] !== channels)
    throw new ShapeError(
      `causalMonarch: kernel [${kernel.shape}] must be [${length}, ${channels}], as x is [${x.shape}]`,
    );
  return tf.tidy(() => {
    const taps = fromBasis(kernel.expandDims(0), basis).squeeze<tf.Tensor2D>([0]);
    return toBasis(longConvolution(fromBasis(x, basis), taps), basis);
  });
}
