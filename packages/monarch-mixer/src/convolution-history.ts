import * as tf from '@tensorflow/tfjs';
import {type Advanced, longConvolution, type StateTree} from '@variants/core';

/** What a stream of long convolutions remembers. */
export type ConvolutionHistory = {
  /** The inputs there were, the latest first, then zeros: [batch, capacity, channels]. */
  inputs: tf.Tensor;
  /** The filter, [capacity, channels]; it is made when there is need for more room, and then kept. */
  taps: tf.Tensor;
};

/**
 * The causal long convolution of the next rows of a sequence, exactly: from all inputs that there were.
 * @param x [batch, time, channels]
 * @param capacity Positions that there is to be room for.
 * @param makeTaps The filter of a length, [length, channels].
 */
export function continueConvolution(
  x: tf.Tensor,
  state: StateTree | null,
  capacity: number,
  makeTaps: (length: number) => tf.Tensor2D,
): Advanced {
  const before = state as ConvolutionHistory | null;
  const [batch, time, channels] = x.shape as number[];
  const taps = before?.taps.shape[0] === capacity ? before.taps : makeTaps(capacity);
  const held = before ? [before.inputs] : [];
  const inputs = latest([time === 1 ? x : x.reverse(1), ...held], capacity);
  const next = {inputs, taps};
  if (time === 1) return {output: inputs.mul(taps).sum(1, true), state: next};
  if (!before) return {output: longConvolution(x, taps as tf.Tensor2D), state: next};
  const all = tf.concat([before.inputs.reverse(1), x], 1);
  const start = before.inputs.shape[1] as number;
  const output = longConvolution(all, taps as tf.Tensor2D).slice([0, start, 0], [batch, time, channels]);
  return {output, state: next};
}

/** The first `capacity` rows of parts [batch, rows, channels] one after the other, filled up with zeros. */
function latest(parts: tf.Tensor[], capacity: number): tf.Tensor {
  const [batch, , channels] = parts[0].shape as number[];
  const rows = parts.reduce((sum, part) => sum + (part.shape[1] as number), 0);
  const all = rows < capacity ? [...parts, tf.zeros([batch, capacity - rows, channels])] : parts;
  return tf.concat(all, 1).slice([0, 0, 0], [batch, capacity, channels]);
}
