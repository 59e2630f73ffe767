import * as tf from '@tensorflow/tfjs';
import {ShapeError} from '@variants/core';
import {biasShape, type PositionBias} from '../biases/position-bias';

/** @throws ShapeError unless keys are [batch, time, channels] and values alike. */
export function assertAlike(op: string, keys: tf.Tensor, values: tf.Tensor): void {
  if (keys.rank !== 3 || keys.shape[1] === 0)
    throw new ShapeError(`${op}: keys [${keys.shape}] must be [batch, time, channels], time at least 1`);
  if (!tf.util.arraysEqual(keys.shape, values.shape))
    throw new ShapeError(`${op}: values [${values.shape}] must have the shape of the keys [${keys.shape}]`);
}

/** @throws ShapeError unless there are biases for each pair of as many positions as there are keys. */
export function assertBias(op: string, bias: PositionBias, {shape: [, time]}: tf.Tensor): void {
  const [rows, columns] = biasShape(bias);
  if (rows !== time || columns !== time)
    throw new ShapeError(
      `${op}: there are biases for [${rows}, ${columns}] positions, but must be for [${time}, ${time}]`,
    );
  if (!(bias instanceof tf.Tensor) && bias.rows.shape[1] !== bias.columns.shape[1])
    throw new ShapeError(
      `${op}: the biases' factors [${bias.rows.shape}] and [${bias.columns.shape}] must have as many columns as each other`,
    );
}

/** @throws ShapeError unless keys have a value per head and values as many channels for each. */
export function assertHeads(op: string, keys: tf.Tensor, values: tf.Tensor, kernel: tf.Tensor): void {
  const [heads, channels] = [keys, values].map(({shape}) => shape[shape.length - 1] as number);
  const leading = ({shape}: tf.Tensor) => shape.slice(0, -1).join();
  if (leading(keys) !== leading(values) || channels % heads !== 0)
    throw new ShapeError(
      `${op}: values [${values.shape}] must have the shape of the keys [${keys.shape}] but for the last axis, a multiple of the heads`,
    );
  if (kernel.shape[0] !== heads)
    throw new ShapeError(`${op}: the kernel [${kernel.shape}] must begin with the number of heads, ${heads}`);
}
