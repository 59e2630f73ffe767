/**
 * The directions of random features: an orthogonal Gaussian matrix (Choromanski et al. 2021, "Rethinking Attention with
 * Performers", arXiv 2009.14794, section 2.4).
 */
import * as tf from '@tensorflow/tfjs';
import {
  ConfigError,
  Random,
  requireArgument,
  requireCount,
  requireOptions,
  requireTensors,
  ShapeError,
} from '@variants/core';

/** How long the rows of a projection are: as Gaussian vectors, or all sqrt(size). */
export type ProjectionScaling = 'chi' | 'constant';

/** Options of {@link orthogonalProjection}. */
export interface ProjectionOptions {
  /** A whole number from 0 to 2^53 - 1, or a generator to draw from. Default 0. */
  seed?: number | Random;
  /**
   * 'chi': each row is as long as a Gaussian vector of its own, so that every row alone is N(0, I). 'constant': sqrt(size).
   * Default 'chi'.
   */
  scaling?: ProjectionScaling;
}

/** How many features a head has by default: int(d ln d), at least 1 (the authors' m = Θ(d log d)). */
export const defaultNumFeatures = (headSize: number): number => Math.max(1, Math.floor(headSize * Math.log(headSize)));

/**
 * An orthogonal Gaussian matrix: in each block of `size` rows all are orthogonal, the last block is cut where they do not
 * come out even.
 * @param numFeatures m, rows. As many as the features that will be made of it.
 * @param size d, features of a head.
 * @returns P [m, d]
 * @throws ConfigError where a number is no whole number of at least 1, or an option is unknown.
 */
export function orthogonalProjection(numFeatures: number, size: number, options: ProjectionOptions = {}): tf.Tensor2D {
  requireOptions('orthogonalProjection', options, ['seed', 'scaling']);
  for (const [name, value] of Object.entries({numFeatures, size})) requireCount('orthogonalProjection', name, value);
  const {seed = 0, scaling = 'chi'} = options;
  const isSeed = typeof seed === 'number' || seed instanceof Random;
  requireArgument('orthogonalProjection', 'seed', seed, isSeed, 'a whole number of at least 0, or a Random');
  requireScaling('orthogonalProjection', scaling);
  const random = seed instanceof Random ? seed : new Random(seed, 'projection');
  return tf.tensor2d(drawProjection(numFeatures, size, random, scaling), [numFeatures, size]);
}

/** The values of {@link orthogonalProjection}, row by row. */
export function drawProjection(
  numFeatures: number,
  size: number,
  random: Random,
  scaling: ProjectionScaling = 'chi',
): Float32Array {
  const draw = (length: number) => Float64Array.from({length}, () => random.normal());
  const blocks = Array.from({length: Math.ceil(numFeatures / size)}, () => draw(size * size));
  return orthogonalRowsOf(blocks, size, scaling === 'chi' ? draw(numFeatures * size) : null, numFeatures);
}

/**
 * The projection of given Gaussian numbers: QR of each block, its columns of Q for rows, each as long as a row of `lengths`.
 * The signs are those of a diagonal of R above 0.
 * @param blocks [blocks, size, size]
 * @param lengths [m, size], whose rows' lengths are taken; null for sqrt(size).
 * @param numFeatures m. Default: the rows of `lengths`, or all.
 * @returns [m, size]
 * @throws ShapeError where the shapes do not go together.
 */
export function orthogonalRows(blocks: tf.Tensor, lengths: tf.Tensor | null, numFeatures?: number): tf.Tensor2D {
  requireTensors('orthogonalRows', {blocks, ...(lengths && {lengths})});
  const [count, size, columns] = blocks.shape;
  const rows = numFeatures ?? lengths?.shape[0] ?? count * size;
  const fits = blocks.rank === 3 && size === columns && rows >= 1 && rows <= count * size;
  if (!fits || (lengths && lengths.shape.join() !== [rows, size].join()))
    throw new ShapeError(
      `orthogonalRows: blocks [${blocks.shape}] must be [blocks, size, size], and lengths [${lengths?.shape ?? ''}] as many rows of that size, at most one for each of theirs`,
    );
  const values = blocks.dataSync();
  const block = (i: number) => Float64Array.from(values.subarray(i * size * size, (i + 1) * size * size));
  const gauss = lengths && Float64Array.from(lengths.dataSync());
  const parts = Array.from({length: Math.ceil(rows / size)}, (_, i) => block(i));
  return tf.tensor2d(orthogonalRowsOf(parts, size, gauss, rows), [rows, size]);
}

function orthogonalRowsOf(
  blocks: readonly Float64Array[],
  size: number,
  lengths: Float64Array | null,
  rows: number,
): Float32Array {
  const result = new Float32Array(rows * size);
  for (const [b, block] of blocks.entries())
    for (const [i, column] of orthonormalColumns(block, size).entries()) {
      const row = b * size + i;
      if (row >= rows) break;
      const length = lengths ? lengthOf(lengths.subarray(row * size, (row + 1) * size)) : Math.sqrt(size);
      for (let j = 0; j < size; j++) result[row * size + j] = length * column[j];
    }
  return result;
}

const lengthOf = (x: Float64Array) => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));

/** The columns of Q in G = Q R, G [size, size], by modified Gram-Schmidt, twice, which is as orthogonal as doubles can be. */
function orthonormalColumns(G: Float64Array, size: number): Float64Array[] {
  const columns: Float64Array[] = [];
  for (let c = 0; c < size; c++) {
    const column = Float64Array.from({length: size}, (_, r) => G[r * size + c]);
    for (const before of [...columns, ...columns]) {
      const along = before.reduce((sum, value, j) => sum + value * column[j], 0);
      for (let j = 0; j < size; j++) column[j] -= along * before[j];
    }
    const length = lengthOf(column);
    for (let j = 0; j < size; j++) column[j] /= length;
    columns.push(column);
  }
  return columns;
}

function requireScaling(owner: string, scaling: unknown): void {
  if (scaling === 'chi' || scaling === 'constant') return;
  throw new ConfigError(`${owner}: scaling is ${JSON.stringify(scaling)}, but must be one of chi, constant`);
}
