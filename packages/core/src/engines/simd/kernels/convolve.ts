import type * as tf from '@tensorflow/tfjs';
import type {SimdBackend} from '../backend';
import {borrowing} from './borrowed';
import {multiply} from './mat-mul';
import {forwardWindow, tapsOf, type WindowInfo} from './window';

/** Columns of a panel, and rows of a piece; see `assembly/convolve.ts`. */
const PANEL = 8;
const ROWS = 32;
/** Pieces that a product is cut into at least, where it has so many columns; each gathers its rows for itself. */
const PIECES = 8;
const PIECE_PANELS = 4;

/** A product: what is gathered from, the matrix on its right, and the sizes; see `assembly/convolve.ts`. */
export interface Product {
  source: tf.TensorInfo;
  /** Address of a matrix [features or positions, columns]. */
  right: number;
  positions: number;
  features: number;
  columns: number;
  channels: number;
  /** Address of [columns], added to each row; 0 for none. */
  bias: number;
  /** Address of the result. */
  to: number;
}

/** Multiplies what a window gathers. */
export function runProduct(
  backend: SimdBackend,
  job: 'jobConvolve' | 'jobConvolveFilter',
  {source, right, positions, features, columns, channels, bias, to}: Product,
  window: number[],
): void {
  const [rows, depth] = job === 'jobConvolve' ? [positions, features] : [features, positions];
  const work = rows * depth * columns;
  if (work === 0) {
    backend.memoryBlocks.floats.fill(0, to / 4, to / 4 + rows * columns);
    return;
  }
  const blocks = Math.ceil(rows / ROWS);
  const panels = Math.ceil(columns / PANEL);
  const parts = Math.min(Math.ceil(panels / PIECE_PANELS), Math.ceil(PIECES / blocks));
  const pieceColumns = Math.ceil(panels / parts) * PANEL;
  borrowing(backend, (borrowed) => {
    const packed = borrowed.floats(panels * PANEL * depth);
    backend.threads.run('jobPack', [right, packed, depth, columns, 0, 0, panels, columns], panels, depth * columns);
    const addresses = [backend.address(source), packed, to];
    const args = [...addresses, positions, features, columns, channels, pieceColumns, bias, ...window];
    backend.threads.run(job, args, blocks * Math.ceil(columns / pieceColumns), work);
  });
}

const isPointwise = (info: WindowInfo) =>
  tapsOf(info) === 1 && info.inHeight === info.outHeight && info.inWidth === info.outWidth && info.padInfo.top === 0;

/**
 * x [batch, height, width, channels] by a filter [height, width, channels, outChannels].
 * @param bias Address of [outChannels], added to each position; 0 for none.
 */
export function convolve(
  backend: SimdBackend,
  x: tf.TensorInfo,
  filter: tf.TensorInfo,
  info: WindowInfo,
  bias = 0,
): tf.TensorInfo {
  const {batchSize, outHeight, outWidth, inChannels: channels, outChannels: columns} = info;
  const shape = [batchSize, outHeight, outWidth, columns];
  const positions = batchSize * outHeight * outWidth;
  if (isPointwise(info)) {
    const a = {...x, shape: [positions, channels]};
    const b = {...filter, shape: [channels, columns]};
    return {...multiply(backend, {a, b}, {transposeA: false, transposeB: false}, bias), shape};
  }
  const output = backend.output(shape);
  const sizes = {positions, features: tapsOf(info) * channels, columns, channels};
  const product = {source: x, right: backend.address(filter), bias, to: output.address, ...sizes};
  runProduct(backend, 'jobConvolve', product, forwardWindow(info));
  return output;
}

/** The gradient of the filter: for each tap and channel, what it met times dy. */
export function convolveFilter(
  backend: SimdBackend,
  x: tf.TensorInfo,
  dy: tf.TensorInfo,
  info: WindowInfo,
): tf.TensorInfo {
  const {batchSize, outHeight, outWidth, inChannels: channels, outChannels: columns} = info;
  const output = backend.output(info.filterShape);
  const positions = batchSize * outHeight * outWidth;
  const sizes = {positions, features: tapsOf(info) * channels, columns, channels};
  const product = {source: x, right: backend.address(dy), bias: 0, to: output.address, ...sizes};
  runProduct(backend, 'jobConvolveFilter', product, forwardWindow(info));
  return output;
}
