/**
 * The causal Monarch convolution of a stream: as B is lower triangular, and its inverse too, a row of each is all that a
 * position needs. See `causal-monarch.ts` for the letters.
 *
 *     w_t = B[t, :] x;      c = w * (B kernel);      y_t = B^-1[t, :] c
 */
import * as tf from '@tensorflow/tfjs';
import {appendRows, continueConvolution, type StateTree, type StreamStep} from '@variants/core';
import {type Basis, fromBasis, inverseBasis} from './causal-monarch';
import {lowerTriangle} from './triangular';

/** What a stream remembers. */
type BasisState = {
  /** x and c so far, with room for more: [batch, room, channels]. */
  inputs: tf.Tensor;
  products: tf.Tensor;
  /** Of the convolution of w. */
  convolution: StateTree;
  /** The factors of B and of its inverse, as large as the room. */
  basis: Basis;
  inverse: Basis;
  /** Positions so far, [] int32. */
  length: tf.Scalar;
};

/** What does not change from piece to piece. */
export interface BasisWeights {
  /** L [m, m] and R [m, n, n] for the longest sequence. */
  basis: Basis;
  /** The kernel's first coefficients, [length, channels]. */
  kernel(length: number): tf.Tensor2D;
}

/**
 * The next rows of a causal Monarch convolution.
 * @param x [batch, time, channels]
 * @param capacity Positions that there is to be room for.
 */
export function continueCausalMonarch(
  x: tf.Tensor,
  state: StateTree | null,
  capacity: number,
  weights: BasisWeights,
): StreamStep {
  const m = weights.basis.L.shape[0];
  const groups = Math.ceil(capacity / m);
  const before = withGroups(state as BasisState | null, x, groups, weights);
  const time = x.shape[1] as number;
  const positions = tf.range(0, time, 1, 'int32').add(before.length) as tf.Tensor1D;
  const inputs = appendRows(before.inputs, x, before.length);
  const w = product(rowsOfBasis(before.basis, positions), inputs);
  const {output: c, state: convolution} = continueConvolution(w, before.convolution, groups * m, (length) =>
    coefficients(weights.kernel(length), before.basis),
  );
  const products = appendRows(before.products, c, before.length);
  const output = product(rowsOfInverse(before.inverse, positions), products);
  const length = before.length.add(tf.scalar(time, 'int32')) as tf.Scalar;
  return {output, state: {...before, inputs, products, convolution, length}};
}

/** The kernel's coefficients of powers of Z. */
const coefficients = (kernel: tf.Tensor2D, basis: Basis): tf.Tensor2D =>
  fromBasis(kernel.expandDims(0), basis).squeeze([0]);

/** A state with room for so many groups of positions. */
function withGroups(
  before: BasisState | null,
  x: tf.Tensor,
  groups: number,
  {basis: {L, R}}: BasisWeights,
): BasisState {
  if (before?.basis.R.shape[1] === groups) return before;
  const m = L.shape[0];
  const basis = {
    L: lowerTriangle(L) as tf.Tensor2D,
    R: lowerTriangle(R.slice([0, 0, 0], [m, groups, groups])) as tf.Tensor3D,
  };
  const [batch, , channels] = x.shape as number[];
  const roomy = (rows: tf.Tensor | undefined) => {
    const there = rows?.shape[1] ?? 0;
    const room = tf.zeros([batch, groups * m - there, channels]);
    return rows ? tf.concat([rows, room], 1) : room;
  };
  return {
    inputs: roomy(before?.inputs),
    products: roomy(before?.products),
    convolution: before?.convolution ?? null,
    basis,
    inverse: inverseBasis(basis),
    length: before?.length ?? tf.scalar(0, 'int32'),
  };
}

/** Rows [time, room] times columns [batch, room, channels]. */
function product(rows: tf.Tensor, columns: tf.Tensor): tf.Tensor {
  return tf.matMul(rows.expandDims(0).tile([columns.shape[0], 1, 1]), columns);
}

/** i1 and i0 of positions. */
function places(positions: tf.Tensor1D, m: number): [tf.Tensor1D, tf.Tensor1D] {
  const size = tf.scalar(m, 'int32');
  return [positions.mod(size), positions.floorDiv(size)];
}

/** B[t, j0 m + j1] = L[t1, j1] R[j1][t0, j0]. */
function rowsOfBasis({L, R}: Basis, positions: tf.Tensor1D): tf.Tensor {
  const [place, group] = places(positions, L.shape[0]);
  const ofGroups = tf.gather(R, group, 1).transpose([1, 2, 0]);
  return ofGroups.mul(tf.gather(L, place).expandDims(1)).reshape([positions.shape[0], -1]);
}

/** B^-1[t, j0 m + j1] = R[t1]^-1[t0, j0] L^-1[t1, j1]. */
function rowsOfInverse({L, R}: Basis, positions: tf.Tensor1D): tf.Tensor {
  const [place, group] = places(positions, L.shape[0]);
  const [m, n] = R.shape;
  const rows = tf.gather(R.reshape([m * n, n]), place.mul(tf.scalar(n, 'int32')).add(group));
  return rows.expandDims(2).mul(tf.gather(L, place).expandDims(1)).reshape([positions.shape[0], -1]);
}
