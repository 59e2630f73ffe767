import * as tf from '@tensorflow/tfjs';
import {Unary} from '../assembly/operations';
import type {SimdBackend} from '../backend';
import {borrowing} from './borrowed';
import {areFewRows, multiplyFewRows} from './few-rows';
import {multiplyPacked, pack, packedSize} from './gemm';
import {floatBits, kernel, type SimdKernel} from './kernel';
import {mapValues} from './unary';

type Inputs = {a: tf.TensorInfo; b: tf.TensorInfo};
type Transposed = {transposeA: boolean; transposeB: boolean};

/** The shapes of a product in batches. */
interface Product {
  outShape: number[];
  /** Numbers of the matrices of A and B that each matrix of the output is the product of. */
  pairs: [number, number][];
  M: number;
  N: number;
  K: number;
}

const single: [number, number][] = [[0, 0]];

function productOf({a, b}: Inputs, {transposeA, transposeB}: Transposed): Product {
  const [rowsA, columnsA] = a.shape.slice(-2);
  const [rowsB, columnsB] = b.shape.slice(-2);
  const [M, K] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const [innerB, N] = transposeB ? [columnsB, rowsB] : [rowsB, columnsB];
  tf.util.assert(
    K === innerB,
    () =>
      `Error in matMul: inner shapes (${K}) and (${innerB}) of Tensors with shapes ${a.shape} and ${b.shape} and transposeA=${transposeA} and transposeB=${transposeB} must match.`,
  );
  if (a.shape.length === 2 && b.shape.length === 2) return {outShape: [M, N], pairs: single, M, N, K};
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
  return {outShape: [...batch, M, N], pairs: broadcastPairs(batch, batchA, batchB), M, N, K};
}

/** For each index of `shape`, the flat indices in two shapes that broadcast to it. */
function broadcastPairs(shape: number[], a: number[], b: number[]): [number, number][] {
  const size = tf.util.sizeFromShape(shape);
  const flatIndex = (index: number[], of: number[]) =>
    of.reduce((flat, length, axis) => flat * length + (length === 1 ? 0 : index[shape.length - of.length + axis]), 0);
  const strides = tf.util.computeStrides(shape);
  return Array.from({length: size}, (_, i) => {
    const index = tf.util.indexToLoc(i, shape.length, strides);
    return [flatIndex(index, a), flatIndex(index, b)];
  });
}

/** Multiplies float32 matrices into a new tensor. `bias` [N] is added to each row. */
export function multiply(backend: SimdBackend, inputs: Inputs, transposed: Transposed, bias = 0): tf.TensorInfo {
  const shapes = productOf(inputs, transposed);
  const {M, K} = shapes;
  const output = backend.output(shapes.outShape);
  // One row or column is the same in memory when transposed.
  const isTransposedA = transposed.transposeA && M > 1 && K > 1;
  if (areFewRows(M, K) && !isTransposedA) multiplyRows(backend, inputs, shapes, output.address, transposed, bias);
  else multiplyBlocks(backend, inputs, shapes, output.address, transposed, bias);
  return output;
}

/** Few rows: B as it lies. */
function multiplyRows(
  backend: SimdBackend,
  {a, b}: Inputs,
  {pairs, M, N, K}: Product,
  output: number,
  {transposeB: transposed}: Transposed,
  bias: number,
): void {
  const [A, B] = [backend.address(a), backend.address(b)];
  const sizes = {A: M * K, B: K * N, C: M * N};
  forBatches(pairs, sizes, (first, [i, j], count, [strideA, strideB]) => {
    const matrices = {A: A + 4 * sizes.A * i, B: B + 4 * sizes.B * j, C: output + 4 * sizes.C * first};
    multiplyFewRows(backend, {...matrices, M, N, K, transposed, count, strideA, strideB, bias});
  });
}

/** Many rows: B is packed first, all of its matrices. */
function multiplyBlocks(
  backend: SimdBackend,
  {a, b}: Inputs,
  {pairs, M, N, K}: Product,
  output: number,
  {transposeA, transposeB}: Transposed,
  bias: number,
): void {
  const A = {address: backend.address(a), row: transposeA ? M : K, transposed: transposeA};
  const B = {address: backend.address(b), row: transposeB ? K : N, transposed: transposeB, stride: K * N};
  const sizes = {A: M * K, B: packedSize(K, N)};
  borrowing(backend, (borrowed) => {
    const count = tf.util.sizeFromShape(b.shape.slice(0, -2));
    const packed = borrowed.floats(count * sizes.B);
    pack(backend, B, packed, {N, K, count});
    forBatches(pairs, sizes, (first, [i, j], count, [stride, packedStride]) => {
      const left = {...A, address: A.address + 4 * sizes.A * i, stride};
      const C = {address: output + 4 * M * N * first, row: N, stride: M * N};
      multiplyPacked(backend, left, packed + 4 * sizes.B * j, packedStride, C, {M, N, K, count}, bias);
    });
  });
}

/** Floats of a matrix. */
type Sizes = {A: number; B: number};

/**
 * Calls `multiply` for products whose matrices lie evenly apart: once for all, or where broadcasting makes them uneven, for
 * each. It gets the number of the first product and of its matrices, how many there are, and the floats between them.
 */
function forBatches(
  pairs: [number, number][],
  sizes: Sizes,
  multiply: (first: number, pair: [number, number], count: number, strides: [number, number]) => void,
): void {
  const strides = uniformStrides(pairs, sizes);
  if (strides && pairs.length > 0) multiply(0, pairs[0], pairs.length, strides);
  else for (const [i, pair] of pairs.entries()) multiply(i, pair, 1, [0, 0]);
}

/** The steps from matrix to matrix where they are the same throughout, as without broadcasting. */
function uniformStrides(pairs: [number, number][], sizes: Sizes): [number, number] | null {
  const step = (which: 0 | 1) => (pairs.length > 1 ? pairs[1][which] - pairs[0][which] : 0);
  const [a, b] = [step(0), step(1)];
  const uniform = pairs.every(([i, j], n) => i === n * a && j === n * b);
  return uniform ? [a * sizes.A, b * sizes.B] : null;
}

const areFloats = ({a, b}: Inputs) => a.dtype === 'float32' && b.dtype === 'float32';

const batchMatMul = kernel<Inputs, Transposed>('BatchMatMul', ({inputs, backend, attrs}) =>
  areFloats(inputs) ? multiply(backend, inputs, attrs) : backend.fallback('BatchMatMul', inputs, attrs),
);

type FusedInputs = Inputs & {bias?: tf.TensorInfo; preluActivationWeights?: tf.TensorInfo};
type FusedAttributes = Transposed & {activation: string; leakyreluAlpha: number};

/** The activations that may follow a product, as operations on its values. */
const activations: {[name: string]: Unary | null} = {
  linear: null,
  relu: Unary.Relu,
  relu6: Unary.Relu6,
  elu: Unary.Elu,
  sigmoid: Unary.Sigmoid,
  leakyrelu: Unary.LeakyRelu,
};

const fusedMatMul = kernel<FusedInputs, FusedAttributes>('_FusedMatMul', ({inputs, backend, attrs}) => {
  const {bias} = inputs;
  const activation = activations[attrs.activation];
  const columns = inputs.b.shape[inputs.b.shape.length - (attrs.transposeB ? 2 : 1)];
  // A bias of another shape, or an activation with weights of its own, is rare.
  const isRow = !bias || (bias.dtype === 'float32' && tf.util.arraysEqual(bias.shape, [columns]));
  if (!areFloats(inputs) || !isRow || activation === undefined) return backend.fallback('_FusedMatMul', inputs, attrs);
  const product = multiply(backend, inputs, attrs, bias ? backend.address(bias) : 0);
  if (activation === null) return product;
  const output = mapValues(backend, product, activation, 'float32', [floatBits(attrs.leakyreluAlpha ?? 0)]);
  backend.disposeData(product.dataId);
  return output;
});

/** tfjs's matrix products. */
export const matMulKernels: readonly SimdKernel[] = [batchMatMul, fusedMatMul];
