import type * as tf from '@tensorflow/tfjs';
import {requireTensors} from '../../arguments';
import {ShapeError} from '../../errors';
import {defineKernel} from '../define-kernel';
import {appendRowsGradient} from './gradient';
import {appendRowsReference} from './reference';

type Inputs = {buffer: tf.Tensor; rows: tf.Tensor; length: tf.Tensor};

const kernel = defineKernel<Inputs, object, {y: tf.Tensor}>({
  name: 'AppendRows',
  outputs: ['y'],
  differentiable: ['buffer', 'rows'],
  reference: ({buffer, rows, length}) => ({y: appendRowsReference(buffer, rows, length)}),
  gradient: ({y: dy}, {rows, length}) => appendRowsGradient(dy, rows, length),
});

/**
 * A buffer with rows written after the `length` rows that it holds: how a cache of keys and values grows without moving.
 * Rows that there is no room for are left out.
 *
 * The buffer is used up: an engine may write into its memory, beyond the rows that it holds.
 *
 * @param buffer [..., capacity, size]
 * @param rows [..., time, size], its leading axes those of the buffer
 * @param length [] int32, rows that are in use. It is read on the device: a program need not know it.
 * @returns [..., capacity, size]
 * @throws ShapeError when the shapes do not go together.
 */
export function appendRows(buffer: tf.Tensor, rows: tf.Tensor, length: tf.Scalar): tf.Tensor {
  requireTensors('appendRows', {buffer, rows, length});
  const rest = ({shape}: tf.Tensor) => [...shape.slice(0, -2), shape[shape.length - 1]].join();
  if (buffer.rank < 2 || rows.rank !== buffer.rank || rest(buffer) !== rest(rows))
    throw new ShapeError(
      `appendRows: rows [${rows.shape}] must have the shape of the buffer [${buffer.shape}] but for the last axis but one`,
    );
  return kernel({buffer, rows, length}, {}).y;
}
