import * as tf from '@tensorflow/tfjs';
import type {SimdBackend} from '../backend';
import {isNumeric, type NumericType} from '../tensor-data';
import {borrowing} from './borrowed';
import {bytesOf, fusedKernel, kernel, type SimdKernel} from './kernel';

/** About as many bytes as a piece writes. */
const PIECE = 65536;

/** A table of rows, [batch, outer, length] of them, and which are wanted: [batch, count] numbers at an address. */
interface Lookup {
  table: tf.TensorInfo;
  indices: number;
  shape: {batch: number; outer: number; length: number; count: number; width: number};
}

/** The rows [batch, outer, count, width] of a table as a new tensor of `outShape`. The indices must be in range. */
function gatherRows(backend: SimdBackend, {table, indices, shape}: Lookup, outShape: number[]): tf.TensorInfo {
  const {batch, outer, length, count, width} = shape;
  const output = backend.output(outShape, table.dtype as NumericType);
  const rows = batch * outer * count;
  const rowBytes = width * bytesOf(table.dtype);
  if (rows * rowBytes === 0) return output;
  const pieceRows = Math.max(1, Math.floor(PIECE / rowBytes));
  const args = [backend.address(table), indices, output.address, rows, outer, length, count, rowBytes, pieceRows];
  backend.threads.run('jobGather', args, Math.ceil(rows / pieceRows), rows * width);
  return output;
}

/** Throws what `message` says of the first index that is not in 0 .. length-1. */
function requireInRange(
  indices: ArrayLike<number>,
  length: number,
  message: (index: number, position: number) => string,
): void {
  for (let i = 0; i < indices.length; i++)
    if (!(indices[i] >= 0 && indices[i] < length)) throw new Error(message(indices[i], i));
}

type GatherInputs = {x: tf.TensorInfo; indices: tf.TensorInfo};

const gatherV2 = kernel<GatherInputs, {axis: number; batchDims?: number}>('GatherV2', ({inputs, backend, attrs}) => {
  const {x, indices} = inputs;
  if (!isNumeric(x.dtype) || indices.dtype !== 'int32') return backend.fallback('GatherV2', inputs, attrs);
  const axis = tf.util.parseAxisParam(attrs.axis, x.shape)[0];
  const length = x.shape[axis];
  backend.inspect(indices, (values) =>
    requireInRange(values, length, (index) => `GatherV2: the index value ${index} is not in [0, ${length - 1}]`),
  );
  const {collectGatherOpShapeInfo} = tf.backend_util.segment_util;
  const info = collectGatherOpShapeInfo(x as tf.Tensor, indices as tf.Tensor, axis, attrs.batchDims ?? 0);
  const count = tf.util.sizeFromShape(indices.shape) / info.batchSize;
  const shape = {batch: info.batchSize, outer: info.outerSize, length, count, width: info.sliceSize};
  return gatherRows(backend, {table: x, indices: backend.address(indices), shape}, info.outputShape);
});

/**
 * Indices [..., rank] into the first axes of a tensor as row numbers: [rows] int32 at an address.
 * @param strides Rows from one index to the next along each of those axes.
 */
export function writeRowNumbers(
  backend: SimdBackend,
  indices: tf.TensorInfo,
  rank: number,
  strides: number[],
  address: number,
): Int32Array {
  const from = backend.values(indices);
  const count = rank === 0 ? 1 : from.length / rank;
  const rows = new Int32Array(backend.memoryBlocks.memory.buffer as ArrayBuffer, address, count);
  for (let i = 0, at = 0; i < count; i++) {
    let row = 0;
    for (let j = 0; j < rank; j++, at++) row += from[at] * strides[j];
    rows[i] = row;
  }
  return rows;
}

/** Throws as tfjs does where a row number of {@link writeRowNumbers} is out of range. */
export function requireRows(
  backend: SimdBackend,
  indices: tf.TensorInfo,
  rank: number,
  numbers: Int32Array,
  rows: number,
  shape: number[],
): void {
  requireInRange(numbers, rows, (_, position) => {
    const index = backend.values(indices).slice(position * rank, (position + 1) * rank);
    return `Invalid indices: ${index} does not index into ${shape}`;
  });
}

const gatherNd = kernel<{params: tf.TensorInfo; indices: tf.TensorInfo}, object>(
  'GatherNd',
  ({inputs, backend, attrs}) => {
    const {params, indices} = inputs;
    if (!isNumeric(params.dtype) || indices.dtype !== 'int32') return backend.fallback('GatherNd', inputs, attrs);
    const [shape, count, width, strides] = tf.backend_util.prepareAndValidate(
      params as tf.Tensor,
      indices as tf.Tensor,
    );
    if (count === 0) return backend.output(shape, params.dtype);
    const rank = indices.shape[indices.shape.length - 1];
    const length = tf.util.sizeFromShape(params.shape) / width;
    return borrowing(backend, (borrowed) => {
      const address = borrowed.floats(count);
      const numbers = writeRowNumbers(backend, indices, rank, strides, address);
      requireRows(backend, indices, rank, numbers, length, params.shape);
      const lookup = {table: params, indices: address, shape: {batch: 1, outer: 1, length, count, width}};
      return gatherRows(backend, lookup, shape);
    });
  },
);

const embeddingLookup = fusedKernel<object>('EmbeddingLookup', ([table, tokens], backend) => {
  const [length, width] = table.shape;
  const count = tokens.shape[0];
  backend.inspect(tokens, (values) =>
    requireInRange(values, length, (token) => `embeddingLookup: the token ${token} is not in [0, ${length - 1}]`),
  );
  const shape = {batch: 1, outer: 1, length, count, width};
  return [gatherRows(backend, {table, indices: backend.address(tokens), shape}, [count, width])];
});

/** Kernels that read rows by number. */
export const gatherKernels: readonly SimdKernel[] = [gatherV2, gatherNd, embeddingLookup];
