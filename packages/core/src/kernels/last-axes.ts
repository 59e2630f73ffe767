import * as tf from '@tensorflow/tfjs';
import {ShapeError} from '../errors';

/** @throws ShapeError when the shape of a weight is not that of the last axes of x. */
export function assertLastAxes(kernel: string, x: tf.Tensor, name: string, weight: tf.Tensor | undefined): void {
  if (weight === undefined) return;
  const last = x.shape.slice(Math.max(0, x.rank - weight.rank));
  if (weight.rank < 1 || !tf.util.arraysEqual(weight.shape, last))
    throw new ShapeError(`${kernel}: ${name} [${weight.shape}] must have the shape of the last axes of x [${x.shape}]`);
}

/** The axes of x that its weight does not have. */
export const leadingAxes = (x: tf.Tensor, weight: tf.Tensor): number[] =>
  Array.from({length: x.rank - weight.rank}, (_, i) => i);
