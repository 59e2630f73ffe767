import * as tf from '@tensorflow/tfjs';
import {Scatter} from '../assembly/operations';
import type {SimdBackend} from '../backend';
import type {NumericType} from '../tensor-data';
import {borrowing} from './borrowed';
import {requireRows, writeRowNumbers} from './gather';
import {fusedKernel, kernel, type SimdKernel} from './kernel';

/** Columns that one thread adds up, where rows have so many. */
const PIECE_COLUMNS = 32;

/** Adds or writes `count` rows of `width` values to the rows of `target` whose numbers lie at `indices`. */
function scatterRows(
  backend: SimdBackend,
  mode: Scatter,
  [from, indices, target]: [number, number, number],
  {rows, count, width}: {rows: number; count: number; width: number},
): void {
  if (rows === 0 || width === 0) return;
  const args = [mode, from, indices, target, rows, count, width, PIECE_COLUMNS];
  backend.threads.run('jobScatter', args, Math.ceil(width / PIECE_COLUMNS), count * width);
}

/** A new tensor of zeros with rows added to those with the given numbers; others than 0 .. rows-1 are left out. */
function sumRows(
  backend: SimdBackend,
  updates: tf.TensorInfo,
  indices: number,
  shape: number[],
  {rows, count}: {rows: number; count: number},
): tf.TensorInfo {
  const output = backend.output(shape, updates.dtype as NumericType);
  backend.values(output).fill(0);
  const width = rows === 0 ? 0 : tf.util.sizeFromShape(shape) / rows;
  const mode = updates.dtype === 'int32' ? Scatter.AddInts : Scatter.AddFloats;
  scatterRows(backend, mode, [backend.address(updates), indices, output.address], {rows, count, width});
  return output;
}

const isAddable = ({dtype}: tf.TensorInfo) => dtype === 'float32' || dtype === 'int32';

type ScatterInputs = {indices: tf.TensorInfo; updates: tf.TensorInfo};

const scatterNd = kernel<ScatterInputs, {shape: number[]}>('ScatterNd', ({inputs, backend, attrs}) => {
  const {indices, updates} = inputs;
  const {shape} = attrs;
  if (!isAddable(updates) || indices.dtype !== 'int32') return backend.fallback('ScatterNd', inputs, attrs);
  const info = tf.backend_util.calculateShapes(updates as tf.Tensor, indices as tf.Tensor, shape);
  if (info.outputSize === 0) return backend.output(shape, updates.dtype as NumericType);
  const {sliceRank, numUpdates: count, strides} = info;
  const rows = info.outputSize / info.sliceSize;
  return borrowing(backend, (borrowed) => {
    const address = borrowed.floats(count);
    const numbers = writeRowNumbers(backend, indices, sliceRank, strides, address);
    requireRows(backend, indices, sliceRank, numbers, rows, shape);
    return sumRows(backend, updates, address, shape, {rows, count});
  });
});

type UpdateInputs = ScatterInputs & {tensor: tf.TensorInfo};

const tensorScatterUpdate = kernel<UpdateInputs, object>('TensorScatterUpdate', ({inputs, backend, attrs}) => {
  const {tensor, indices, updates} = inputs;
  const isNative = isAddable(tensor) && updates.dtype === tensor.dtype && indices.dtype === 'int32';
  if (!isNative || updates.shape.length === 0) return backend.fallback('TensorScatterUpdate', inputs, attrs);
  const info = tf.backend_util.calculateShapes(updates as tf.Tensor, indices as tf.Tensor, tensor.shape);
  const {sliceRank, numUpdates: count, sliceSize: width, strides} = info;
  const rows = info.outputSize / width;
  const output = backend.output(tensor.shape, tensor.dtype as NumericType);
  backend.values(output).set(backend.values(tensor));
  return borrowing(backend, (borrowed) => {
    const address = borrowed.floats(count);
    const numbers = writeRowNumbers(backend, indices, sliceRank, strides, address);
    requireRows(backend, indices, sliceRank, numbers, rows, tensor.shape);
    const addresses: [number, number, number] = [backend.address(updates), address, output.address];
    scatterRows(backend, Scatter.Replace, addresses, {rows, count, width});
    return output;
  });
});

const unsortedSegmentSum = kernel<{x: tf.TensorInfo; segmentIds: tf.TensorInfo}, {numSegments: number}>(
  'UnsortedSegmentSum',
  ({inputs, backend, attrs}) => {
    const {x, segmentIds} = inputs;
    const isNative = x.dtype === 'float32' && segmentIds.dtype === 'int32' && segmentIds.shape.length === 1;
    if (!isNative || attrs.numSegments === 0 || segmentIds.shape[0] !== x.shape[0])
      return backend.fallback('UnsortedSegmentSum', inputs, attrs);
    const shape = [attrs.numSegments, ...x.shape.slice(1)];
    const sizes = {rows: attrs.numSegments, count: x.shape[0]};
    return sumRows(backend, x, backend.address(segmentIds), shape, sizes);
  },
);

const embeddingLookupGradient = fusedKernel<object>('EmbeddingLookupGradient', ([dRows, table, tokens], backend) => {
  const sizes = {rows: table.shape[0], count: tokens.shape[0]};
  return [sumRows(backend, dRows, backend.address(tokens), table.shape, sizes)];
});

/** Kernels that write rows by number. */
export const scatterKernels: readonly SimdKernel[] = [
  scatterNd,
  tensorScatterUpdate,
  unsortedSegmentSum,
  embeddingLookupGradient,
];
