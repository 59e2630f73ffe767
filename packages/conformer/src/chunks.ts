import * as tf from '@tensorflow/tfjs';
import {requireCount, requireGiven} from '@variants/core';

/** How attention looks back where frames come in chunks. */
export interface ChunkOptions {
  /** Frames of a chunk. A frame sees all of its own chunk, also what comes after it. */
  chunkSize: number;
  /** Chunks before its own that a frame sees; null: all. Default null. */
  leftChunks?: number | null;
  /** Frames that there are; the queries are the last of them. Default: as many as queries. */
  keys?: number;
}

/**
 * Which frames see which where they come in chunks of c: query t sees key s where
 *
 *     floor(t / c) - left <= floor(s / c) <= floor(t / c)
 *
 * @param queries How many.
 * @returns [queries, keys] float32: 1 where a query sees a key.
 */
export function chunkMask(queries: number, options: ChunkOptions): tf.Tensor2D {
  requireGiven('chunkMask', options, ['chunkSize', 'leftChunks', 'keys']);
  const {chunkSize, leftChunks = null, keys = queries} = options;
  requireCount('chunkMask', 'queries', queries, 1);
  requireCount('chunkMask', 'chunkSize', chunkSize, 1);
  requireCount('chunkMask', 'keys', keys, queries);
  if (leftChunks !== null) requireCount('chunkMask', 'leftChunks', leftChunks, 0);
  return tf.tidy(() => {
    const chunkOf = (first: number, count: number) =>
      tf
        .range(first, first + count)
        .div(chunkSize)
        .floor();
    const own = chunkOf(keys - queries, queries).expandDims(1);
    const other = chunkOf(0, keys).expandDims(0);
    const past = other.lessEqual(own);
    const seen = leftChunks === null ? past : past.logicalAnd(other.greaterEqual(own.sub(leftChunks)));
    return seen.toFloat() as tf.Tensor2D;
  });
}
