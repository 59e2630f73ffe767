import * as tf from '@tensorflow/tfjs';
import {requireTensors} from '../../arguments';
import {ShapeError} from '../../errors';
import {defineKernel} from '../define-kernel';
import {writeRingReference} from './reference';

type Inputs = {buffer: tf.Tensor; rows: tf.Tensor; length: tf.Tensor};

const kernel = defineKernel<Inputs, {kept: number}, {y: tf.Tensor}>({
  name: 'WriteRing',
  outputs: ['y'],
  differentiable: [],
  reference: ({buffer, rows, length}, {kept}) => ({y: writeRingReference(buffer, rows, length, kept)}),
  gradient: () => ({}),
});

/**
 * The next rows of a stream written into a buffer that does not grow: row p of the stream lies at
 *
 *     p                                            where p < capacity
 *     kept + (p - kept) mod (capacity - kept)      from there on,
 *
 * so that the buffer holds the first `kept` rows and the last of all others. While there is room it is `appendRows`. No
 * gradient.
 *
 * The buffer is used up: an engine may write into its memory, also where rows lie that it holds.
 *
 * @param buffer [..., capacity, size]
 * @param rows [..., time, size], its leading axes those of the buffer
 * @param length [] int32, rows of the stream before these. It is read on the device: a program need not know it.
 * @param kept Rows that stay for ever.
 * @returns [..., capacity, size]
 * @throws ShapeError when the shapes do not go together.
 */
export function writeRing(buffer: tf.Tensor, rows: tf.Tensor, length: tf.Scalar, kept = 0): tf.Tensor {
  requireTensors('writeRing', {buffer, rows, length});
  const rest = ({shape}: tf.Tensor) => [...shape.slice(0, -2), shape[shape.length - 1]].join();
  if (buffer.rank < 2 || rows.rank !== buffer.rank || rest(buffer) !== rest(rows))
    throw new ShapeError(
      `writeRing: rows [${rows.shape}] must have the shape of the buffer [${buffer.shape}] but for the last axis but one`,
    );
  return kernel({buffer, rows, length}, {kept}).y;
}

/**
 * The rows that {@link writeRing} left in a buffer [..., capacity, size], in the order of the stream: first those that are
 * kept, then the oldest of the others. Rows that are room alone stay last.
 * @param length [] int32, rows of the stream so far.
 */
export function ringInOrder(buffer: tf.Tensor, length: tf.Scalar, kept = 0): tf.Tensor {
  requireTensors('ringInOrder', {buffer, length});
  return tf.tidy(() => {
    const axis = buffer.rank - 2;
    const capacity = buffer.shape[axis];
    const slot = tf.range(0, capacity, 1, 'int32');
    const full = length.maximum(tf.scalar(capacity, 'int32'));
    const turned = slot.add(full).sub(tf.scalar(2 * kept, 'int32'));
    const inRing = turned.mod(tf.scalar(Math.max(1, capacity - kept), 'int32')).add(tf.scalar(kept, 'int32'));
    return tf.gather(buffer, tf.where(slot.less(tf.scalar(kept, 'int32')), slot, inRing).toInt(), axis);
  });
}
