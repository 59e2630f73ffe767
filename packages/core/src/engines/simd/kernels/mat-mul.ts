import * as tf from '@tensorflow/tfjs';
import {Unary} from '../assembly/operations';
import type {SimdBackend} from '../backend';
import {floatBits, kernel, type SimdKernel} from './kernel';
import {mapValues} from './unary';

/** Columns of a packed panel and rows of a piece; see `assembly/gemm.ts`. */
const PANEL = 8;
const ROWS = 32;

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
  const {outShape, pairs, M, N, K} = productOf(inputs, transposed);
  const output = backend.output(outShape);
  const a = transposed.transposeA ? transposeMatrices(backend, inputs.a) : undefined;
  const A = a?.address ?? backend.address(inputs.a);
  const B = packMatrices(backend, inputs.b, transposed.transposeB, K, N);
  const panels = Math.ceil(N / PANEL);
  const blocks = Math.ceil(M / ROWS);
  const matrix = {A: M * K, B: panels * PANEL * K, C: M * N};
  const product = (address: number, first: [number, number], count: number, strides: [number, number]) =>
    backend.threads.run(
      'jobGemm',
      [A + 4 * matrix.A * first[0], B.address + 4 * matrix.B * first[1], address, M, N, K, ...strides, blocks, bias],
      blocks * count,
      M * N * K * count,
    );
  const strides = uniformStrides(pairs, matrix);
  if (strides && pairs.length > 0) product(output.address, pairs[0], pairs.length, strides);
  else for (const [i, pair] of pairs.entries()) product(output.address + 4 * matrix.C * i, pair, 1, [0, 0]);
  backend.memoryBlocks.free(B.address, B.bytes);
  if (a) backend.memoryBlocks.free(a.address, a.bytes);
  return output;
}

/** The steps from matrix to matrix where they are the same throughout, as without broadcasting. */
function uniformStrides(pairs: [number, number][], matrix: {A: number; B: number}): [number, number] | null {
  const step = (which: 0 | 1) => (pairs.length > 1 ? pairs[1][which] - pairs[0][which] : 0);
  const [a, b] = [step(0), step(1)];
  const uniform = pairs.every(([i, j], n) => i === n * a && j === n * b);
  return uniform ? [a * matrix.A, b * matrix.B] : null;
}

interface Scratch {
  address: number;
  bytes: number;
}

function scratch(backend: SimdBackend, floats: number): Scratch {
  const bytes = Math.max(4, 4 * floats);
  return {address: backend.memoryBlocks.allocate(bytes), bytes};
}

/** All matrices of B in panels. The caller frees it. */
function packMatrices(backend: SimdBackend, b: tf.TensorInfo, transposeB: boolean, K: number, N: number): Scratch {
  const count = tf.util.sizeFromShape(b.shape.slice(0, -2));
  const panels = Math.ceil(N / PANEL);
  const packed = scratch(backend, count * panels * PANEL * K);
  const args = [backend.address(b), packed.address, K, N, transposeB ? 1 : 0, K * N, panels];
  backend.threads.run('jobPack', args, panels * count, K * N * count);
  return packed;
}

/** All matrices with their axes swapped. The caller frees it. */
function transposeMatrices(backend: SimdBackend, a: tf.TensorInfo): Scratch {
  const [rows, columns] = a.shape.slice(-2);
  const count = tf.util.sizeFromShape(a.shape.slice(0, -2));
  const swapped = scratch(backend, count * rows * columns);
  const strips = Math.ceil(rows / 4);
  backend.threads.run(
    'jobTranspose',
    [backend.address(a), swapped.address, rows, columns, strips],
    strips * count,
    rows * columns * count,
  );
  return swapped;
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
