import * as tf from '@tensorflow/tfjs';
import {appendRowsReference} from '../append-rows/reference';
import {longConvolutionReference} from '../long-convolution/reference';
import type {OnlineConvolutionInputs, OnlineConvolutionOutputs} from './types';

/** The definition: all positions so far are looked at. What would help the next steps is left to be computed. */
export function onlineConvolutionReference(given: OnlineConvolutionInputs): OnlineConvolutionOutputs {
  const {x, filter, carried, blocks, length} = given;
  const inputs = appendRowsReference(given.inputs, x, length);
  const time = x.shape[1] as number;
  const y = time === 1 ? lastOutput(inputs, filter, length) : lastOutputs(inputs, filter, length, time);
  return {y, inputs, carried: carried.clone(), blocks: blocks.clone(), base: tf.scalar(-1, 'int32')};
}

/** One position, [batch, 1, channels], as the sum that it is. */
function lastOutput(inputs: tf.Tensor, filter: tf.Tensor, position: tf.Tensor): tf.Tensor {
  const lags = position.sub(tf.range(0, inputs.shape[1] as number, 1, 'int32'));
  const last = filter.shape[0] - 1;
  const isMet = lags.greaterEqual(0).logicalAnd(lags.lessEqual(last));
  const taps = tf.gather(filter, lags.clipByValue(0, last).toInt()).mul(isMet.toFloat().expandDims(1));
  // Rows beyond the position are room to grow: anything may lie there, and nothing times zero need be zero.
  const known = tf.where(isMet.expandDims(1).broadcastTo(inputs.shape.slice(1)), inputs, tf.zerosLike(inputs));
  return known.mul(taps).sum(1, true);
}

/** The positions from `first` on. */
function lastOutputs(inputs: tf.Tensor, filter: tf.Tensor, first: tf.Tensor, time: number): tf.Tensor {
  const whole = longConvolutionReference({x: inputs, filter}, {mode: 'causal'});
  return tf.gather(whole, tf.range(0, time, 1, 'int32').add(first).toInt(), 1);
}
