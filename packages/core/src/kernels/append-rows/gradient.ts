import * as tf from '@tensorflow/tfjs';
import {newRows} from './reference';

/** dbuffer = dy but in the new rows, where it is 0; drows = the new rows of dy, 0 for those that there was no room for. */
export function appendRowsGradient(
  dy: tf.Tensor,
  rows: tf.Tensor,
  length: tf.Tensor,
): {buffer: tf.Tensor; rows: tf.Tensor} {
  const [capacity, size] = dy.shape.slice(-2);
  const time = rows.shape[rows.rank - 2];
  if (time === 0 || dy.size === 0) return {buffer: dy.clone(), rows: tf.zerosLike(rows)};
  const {isNew} = newRows(capacity, time, length);
  const place = tf.range(0, time, 1, 'int32').add(length);
  const back = tf.gather(dy, place.clipByValue(0, capacity - 1).toInt(), dy.rank - 2);
  const hasRoom = place.less(capacity).expandDims(1).broadcastTo(back.shape);
  return {
    buffer: tf.where(isNew.expandDims(1).broadcastTo([capacity, size]).broadcastTo(dy.shape), tf.zerosLike(dy), dy),
    rows: tf.where(hasRoom, back, tf.zerosLike(back)),
  };
}
