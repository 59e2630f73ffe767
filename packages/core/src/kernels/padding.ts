import * as tf from '@tensorflow/tfjs';
import {requireOptionalTensors, requireTensors} from '../arguments';

/**
 * x with zeros in place of padding, which then leaves no trace in a sum over positions.
 * @param x [batch, time, ...]
 * @param attentionMask [batch, time], 1 = a token, 0 = padding. Without it all are tokens.
 */
export function withoutPadding(x: tf.Tensor, attentionMask: tf.Tensor | undefined): tf.Tensor {
  requireTensors('withoutPadding', {x});
  requireOptionalTensors('withoutPadding', {attentionMask});
  if (!attentionMask) return x;
  return x.mul(attentionMask.reshape([...attentionMask.shape, ...Array(x.rank - 2).fill(1)]));
}

/**
 * x with more along one axis; x itself where that is nothing.
 * @param value What is added. Default 0.
 */
export function padAxis(x: tf.Tensor, axis: number, before: number, after: number, value = 0): tf.Tensor {
  requireTensors('padAxis', {x});
  if (before === 0 && after === 0) return x;
  const widths = x.shape.map((): [number, number] => [0, 0]);
  return tf.pad(x, widths.with(axis, [before, after]), value);
}

/** x with zeros at the end of one axis so that it is at least `length` long; x itself where it is. */
export function growAxis(x: tf.Tensor, axis: number, length: number): tf.Tensor {
  requireTensors('growAxis', {x});
  return padAxis(x, axis, 0, Math.max(0, length - x.shape[axis]));
}
