import * as tf from '@tensorflow/tfjs';
import type {SimdBackend} from '../backend';
import {borrowing} from './borrowed';
import {multiplyFewRows} from './few-rows';
import {type Factors, type Matrices, multiplyPacked, type ProductSizes, pack, packedSize} from './gemm';
import {fusedKernel, type SimdKernel} from './kernel';

/** The blocks of a tensor [..., blocks * size] as a matrix each, whose rows lie as far apart as all blocks are long. */
const blocksOf = (backend: SimdBackend, x: tf.TensorInfo, blocks: number): Matrices => {
  const row = x.shape[x.shape.length - 1];
  return {address: backend.address(x), row, stride: row / blocks};
};

/** Of weights [blocks, rows, columns], a matrix each. */
const matricesOf = (backend: SimdBackend, tensor: tf.TensorInfo): Matrices => {
  const [, rows, columns] = tensor.shape;
  return {address: backend.address(tensor), row: columns, stride: rows * columns};
};

function multiplyAll(backend: SimdBackend, A: Factors, B: Factors, C: Matrices, sizes: ProductSizes): void {
  const {N, K, count} = sizes;
  borrowing(backend, (borrowed) => {
    const packed = borrowed.floats(count * packedSize(K, N));
    pack(backend, B, packed, sizes);
    multiplyPacked(backend, A, packed, packedSize(K, N), C, sizes);
  });
}

/** Rows of a tensor [..., blocks * size]. */
const rowsOf = ({shape}: tf.TensorInfo) => tf.util.sizeFromShape(shape.slice(0, -1));

const forward = fusedKernel<object>('BlockDiagonalMatMul', ([x, weights], backend) => {
  const [count, N, K] = weights.shape;
  const M = rowsOf(x);
  const output = backend.output([...x.shape.slice(0, -1), count * N]);
  const A = {...blocksOf(backend, x, count), transposed: false};
  const B = {...matricesOf(backend, weights), transposed: true};
  const C = blocksOf(backend, output, count);
  // Of a single row, the blocks lie one after the other, and each weight is read but once.
  if (M === 1) {
    const addresses = {A: A.address, B: B.address, C: C.address};
    multiplyFewRows(backend, {
      ...{...addresses, M, N, K, count, bias: 0},
      ...{transposed: true, strideA: A.stride, strideB: B.stride},
    });
  } else multiplyAll(backend, A, B, C, {M, N, K, count});
  return [output];
});

const gradient = fusedKernel<object>('BlockDiagonalMatMulGradient', ([dy, x, weights], backend) => {
  const [count, outputs, inputs] = weights.shape;
  const rows = rowsOf(x);
  const [dx, dWeights] = [x, weights].map(({shape}) => backend.output(shape));
  const g = blocksOf(backend, dy, count);
  const [xs, dxs] = [x, dx].map((tensor) => blocksOf(backend, tensor, count));
  const [W, dW] = [weights, dWeights].map((tensor) => matricesOf(backend, tensor));
  const plain = {transposed: false};
  multiplyAll(backend, {...g, ...plain}, {...W, ...plain}, dxs, {M: rows, N: inputs, K: outputs, count});
  multiplyAll(backend, {...g, transposed: true}, {...xs, ...plain}, dW, {M: outputs, N: inputs, K: rows, count});
  return [dx, dWeights];
});

/** The fused kernels of `kernels/block-diagonal-mat-mul`: products of matrices as they lie, nothing is moved. */
export const blockDiagonalKernels: readonly SimdKernel[] = [forward, gradient];
