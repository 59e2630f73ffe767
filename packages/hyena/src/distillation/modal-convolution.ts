/**
 * Long convolutions by recurrences of a fixed size ("modes"; Massaroli, Poli et al. 2023, "Laughing Hyena Distillery",
 * arXiv 2310.18780), for each channel
 *
 *     y_t = c·x_t + d v_t;      x_{t+1} = A x_t + g v_t        which is the filter  d, c·g, c·A g, c·A² g, ..
 *
 * A is made of blocks of two by two: (A x)_i = a_i x_i + b_i x_j, where j is i's place in the other half of the state. So a
 * block is a pair of conjugate complex poles (then b_j = -b_i), or two real ones (b = 0).
 *
 * All tensors are [.., order, width]; a state x is [batch, order, width].
 */

import * as tf from '@tensorflow/tfjs';
import {longConvolution, requireOptionalTensors, requireTensors} from '@variants/core';

/** The recurrences of all channels. */
export interface ModalFilter {
  /** a [order, width] */
  diagonal: tf.Tensor;
  /** b [order, width] */
  across: tf.Tensor;
  /** g [order, width] */
  input: tf.Tensor;
  /** c [order, width] */
  output: tf.Tensor;
  /** d [width] */
  direct: tf.Tensor;
}

/** Positions that are worked on together. */
const pieceSize = 64;

/** A matrix of such blocks, or several, [.., order, width] each. */
type Blocks = Pick<ModalFilter, 'diagonal' | 'across'>;

/** The halves of an axis but the last, exchanged. */
function swapped(x: tf.Tensor): tf.Tensor {
  const axis = x.rank - 2;
  const [first, second] = x.split(2, axis);
  return tf.concat([second, first], axis);
}

const apply = ({diagonal, across}: Blocks, x: tf.Tensor): tf.Tensor => diagonal.mul(x).add(across.mul(swapped(x)));

const product = (A: Blocks, B: Blocks): Blocks => ({
  diagonal: A.diagonal.mul(B.diagonal).add(A.across.mul(swapped(B.across))),
  across: A.diagonal.mul(B.across).add(A.across.mul(swapped(B.diagonal))),
});

const rows = ({diagonal, across}: Blocks, start: number, count: number): Blocks => ({
  diagonal: diagonal.slice([start, 0, 0], [count, -1, -1]),
  across: across.slice([start, 0, 0], [count, -1, -1]),
});

/** A^0 .. A^last, [last + 1, order, width]. */
function powers({diagonal, across}: Blocks, last: number): Blocks {
  const A = {diagonal: diagonal.expandDims(0), across: across.expandDims(0)};
  const one = {diagonal: tf.onesLike(A.diagonal), across: tf.zerosLike(A.across)};
  let known = joined([one, A]);
  for (let count = 2; count <= last; count = known.diagonal.shape[0]) {
    const highest = rows(known, count - 1, 1);
    known = joined([known, product(rows(known, 1, Math.min(count - 1, last + 1 - count)), highest)]);
  }
  return known;
}

const joined = (parts: Blocks[]): Blocks => ({
  diagonal: tf.concat(parts.map(({diagonal}) => diagonal)),
  across: tf.concat(parts.map(({across}) => across)),
});

/** c·A^j, [.., order, width], of powers A^j. */
function outputsOf({output}: ModalFilter, {diagonal, across}: Blocks): tf.Tensor {
  return output.mul(diagonal).add(swapped(output).mul(swapped(across)));
}

/**
 * The convolution of v [batch, time, width], or the next piece of it, with the filter of modes; linear in time.
 * @param state x before the first position. Default: zeros.
 * @returns y, like v, and x after the last position.
 */
export function modalConvolution(
  v: tf.Tensor,
  filter: ModalFilter,
  state: tf.Tensor | null,
): {output: tf.Tensor; state: tf.Tensor} {
  requireTensors('modalConvolution', {v});
  requireOptionalTensors('modalConvolution', {state});
  const [batch, time, width] = v.shape as number[];
  const order = filter.diagonal.shape[0];
  const first = state ?? tf.zeros([batch, order, width]);
  if (time === 1) return modalStep(v, filter, first);
  const length = Math.min(pieceSize, time);
  const all = powers(filter, length);
  let x = first;
  const outputs: tf.Tensor[] = [];
  for (let start = 0; start < time; start += length) {
    const count = Math.min(length, time - start);
    const piece = modalPiece(v.slice([0, start, 0], [-1, count, -1]), filter, all, x);
    outputs.push(piece.output);
    x = piece.state;
  }
  return {output: outputs.length === 1 ? outputs[0] : tf.concat(outputs, 1), state: x};
}

/** One position: y = c·x + d v;  x <- A x + g v. */
function modalStep(v: tf.Tensor, filter: ModalFilter, x: tf.Tensor): {output: tf.Tensor; state: tf.Tensor} {
  const read = x.mul(filter.output).sum(1, true);
  return {output: read.add(v.mul(filter.direct)), state: apply(filter, x).add(v.mul(filter.input))};
}

/**
 * A few positions at once, from all powers of A:
 *
 *     y_t = c·A^t x + Σ_{s < t} (c·A^(t-1-s) g) v_s + d v_t;      x <- A^n x + Σ_s A^(n-1-s) g v_s
 */
function modalPiece(
  v: tf.Tensor,
  filter: ModalFilter,
  all: Blocks,
  x: tf.Tensor,
): {output: tf.Tensor; state: tf.Tensor} {
  const time = v.shape[1] as number;
  const until = rows(all, 0, time);
  const outputs = outputsOf(filter, until);
  const fromState = x.expandDims(1).mul(outputs).sum(2);
  const taps = outputs.mul(filter.input).sum(1);
  const filterTaps = tf.concat([filter.direct.expandDims(0), taps.slice([0, 0], [time - 1, -1])]);
  const inputs = apply(until, filter.input.expandDims(0).tile([time, 1, 1])).reverse(0);
  const added = v.expandDims(2).mul(inputs).sum(1);
  const last = rows(all, time, 1);
  return {output: fromState.add(longConvolution(v, filterTaps)), state: apply(last, x).add(added)};
}
