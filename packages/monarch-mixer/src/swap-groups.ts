import type * as tf from '@tensorflow/tfjs';

/** The last axis read as [rows, columns] and written the other way round, [..., rows * columns] to [..., columns * rows]. */
export function swapGroups(x: tf.Tensor, rows: number): tf.Tensor {
  const width = x.shape[x.rank - 1] as number;
  return x
    .reshape([-1, rows, width / rows])
    .transpose([0, 2, 1])
    .reshape(x.shape);
}
