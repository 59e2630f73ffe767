import * as tf from '@tensorflow/tfjs';

/** The definition of `appendRows`: row i is row i - length of the new ones where there is such a one. */
export function appendRowsReference(buffer: tf.Tensor, rows: tf.Tensor, length: tf.Tensor): tf.Tensor {
  const [capacity, size] = buffer.shape.slice(-2);
  const time = rows.shape[rows.rank - 2];
  if (time === 0 || buffer.size === 0) return buffer.clone();
  const {isNew, source} = newRows(capacity, time, length);
  const spread = tf.gather(rows, source.clipByValue(0, time - 1).toInt(), rows.rank - 2);
  return tf.where(isNew.expandDims(1).broadcastTo([capacity, size]), spread, buffer);
}

/** Of the rows of a buffer [capacity] which are new, and the number of each among the new ones. */
export function newRows(capacity: number, time: number, length: tf.Tensor): {isNew: tf.Tensor; source: tf.Tensor} {
  const source = tf.range(0, capacity, 1, 'int32').sub(length);
  return {isNew: source.greaterEqual(0).logicalAnd(source.less(time)), source};
}
