import * as tf from '@tensorflow/tfjs';

/** The definition of `writeRing`: each place has the last row of the stream that belongs there. */
export function writeRingReference(buffer: tf.Tensor, rows: tf.Tensor, length: tf.Tensor, kept: number): tf.Tensor {
  const [capacity, size] = buffer.shape.slice(-2);
  const time = rows.shape[rows.rank - 2];
  if (time === 0 || buffer.size === 0) return buffer.clone();
  const int = (value: number) => tf.scalar(value, 'int32');
  const place = tf.range(0, capacity, 1, 'int32');
  const last = length.toInt().add(int(time - 1));
  const inRing = last.sub(last.sub(place).mod(int(Math.max(1, capacity - kept))));
  const row = tf.where(place.less(int(kept)), place, inRing);
  const source = row.sub(length.toInt());
  // What the formula gives for a place that no row has come to is before the ring begins.
  const isNew = row
    .greaterEqual(place.minimum(int(kept)))
    .logicalAnd(source.greaterEqual(int(0)))
    .logicalAnd(source.less(int(time)));
  const spread = tf.gather(rows, source.clipByValue(0, time - 1).toInt(), rows.rank - 2);
  return tf.where(isNew.expandDims(1).broadcastTo([capacity, size]), spread, buffer);
}
