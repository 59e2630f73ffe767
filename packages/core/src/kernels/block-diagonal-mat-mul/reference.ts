import * as tf from '@tensorflow/tfjs';
import type {BlockDiagonalMatMulInputs} from './types';

/** [..., blocks * size] with a matrix of rows for each block, [blocks, rows, size]. */
export const toBlocks = (x: tf.Tensor, blocks: number): tf.Tensor3D =>
  tf.tidy(() => {
    const size = (x.shape[x.rank - 1] as number) / blocks;
    return x.reshape([x.size / (blocks * size), blocks, size]).transpose<tf.Tensor3D>([1, 0, 2]);
  });

/** The other way: [blocks, rows, size] to [..., blocks * size], its leading axes those of `shape`. */
export const fromBlocks = (blocks: tf.Tensor, shape: number[]): tf.Tensor =>
  tf.tidy(() =>
    blocks.transpose([1, 0, 2]).reshape([...shape.slice(0, -1), blocks.shape[0] * (blocks.shape[2] as number)]),
  );

/** The definition: a product for each block, composed from tf ops. */
export function blockDiagonalMatMulReference({x, weights}: BlockDiagonalMatMulInputs): tf.Tensor {
  return tf.tidy(() => fromBlocks(tf.matMul(toBlocks(x, weights.shape[0]), weights, false, true), x.shape));
}
